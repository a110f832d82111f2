// SPDX-License-Identifier: MIT
#include "gateway/app/discover_kasa.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "adapters/kasa/adapter.hpp"
#include "gateway/io/clock.hpp"
#include "gateway/io/network.hpp"

namespace b2m::app {
namespace {

using namespace std::chrono_literals;
using Known = kasa::Locator::Known;

constexpr SteadyDuration kSearch = 5s;
constexpr SteadyDuration kLogin = 5s;

std::string slug_of(const std::string& text, const std::string& otherwise,
                    std::set<std::string>& taken) {
  std::string slug;
  for (const char c : text) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    const char lower = is_upper ? static_cast<char>(c - 'A' + 'a') : c;
    const bool fits = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    if (fits)
      slug += lower;
    else if (!slug.empty() && slug.back() != '_')
      slug += '_';
  }
  while (!slug.empty() && slug.back() == '_') slug.pop_back();
  if (slug.empty() || slug == "bridge") slug = otherwise;
  slug.resize(std::min<std::size_t>(slug.size(), 48));
  std::string unique = slug;
  for (int n = 2; !taken.insert(unique).second; ++n) unique = fmt::format("{}_{}", slug, n);
  return unique;
}

/// A name in the plug is somebody else's text.
std::string printable(const std::string& text) {
  std::string safe;
  for (const char c : text)
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) safe += c;
  return safe;
}

std::string bare_model(const std::string& model) { return model.substr(0, model.find('(')); }

std::string remark(const Known& known) {
  const kasa::Found& f = known.found;
  std::string text =
      fmt::format("  # {}{} at {}, {}{}\n", printable(f.model),
                  f.alias.empty() ? "" : fmt::format(" \"{}\"", printable(f.alias)), f.address,
                  kasa::kTransports[static_cast<std::size_t>(f.transport)],
                  !f.has_meter   ? ""
                  : *f.has_meter ? ", measures power"
                                 : ", no energy meter");
  for (const std::string& trouble : {f.trouble, known.trouble})
    if (!trouble.empty()) text += fmt::format("  # TROUBLE: {}\n", printable(trouble));
  return text;
}

std::string table(const Known& known, std::set<std::string>& taken) {
  const kasa::Found& f = known.found;
  const bool is_strip = !f.sockets.empty();
  const std::string model = bare_model(printable(f.model));
  std::string text = remark(known);
  text += fmt::format("  [[kasa.{}]]\n  id = \"{}\"\n", is_strip ? "strip" : "plug",
                      slug_of(f.alias, is_strip ? "strip" : "plug", taken));
  if (kasa::known_model(model)) text += fmt::format("  model = \"{}\"\n", model);
  if (f.has_meter && !*f.has_meter) text += "  meter = false\n";
  text += fmt::format("  match = {{ mac = \"{}\" }}\n", f.mac);
  if (!is_strip) return text + "\n";
  text += fmt::format("  sockets = {}\n", f.sockets.size());
  for (std::size_t i = 0; i < f.sockets.size(); ++i)
    text += fmt::format("  # socket {}: \"{}\"\n", i + 1, printable(f.sockets[i].alias));
  return text + "\n";
}

Awaitable<Result<>> search(kasa::Locator& locator, Clock& clock) {
  using namespace boost::asio::experimental::awaitable_operators;
  const SteadyTime end = clock.now() + kSearch;
  (void)co_await (locator.run() || clock.sleep_until(end));  // it is looked at what was found
  co_return Result<>();
}

/// The names of those that tell them only after a login, and whether strips have all they say.
Awaitable<void> log_in(kasa::Locator& locator, Clock& clock, kasa::MakeDevice make) {
  std::vector<kasa::Found> found;
  for (const auto& [mac, known] : locator.known()) found.push_back(known.found);
  for (const kasa::Found& f : found) {
    const auto device = f.trouble.empty() ? make(kasa::contact_of(f)) : nullptr;
    if (!device) continue;
    std::cerr << fmt::format("asking {} ({})\n", f.address, printable(f.model));
    const auto state = co_await device->identify(clock.now() + kLogin);
    device->link().close();
    if (state)
      locator.learn(f.mac, *state);
    else
      locator.learn_trouble(f.mac, state.error().text(), SteadyTime::max());
  }
}

std::optional<std::string> read_password(const std::string& file) {
  std::ifstream in(file);
  std::string password;
  if (!std::getline(in, password)) return std::nullopt;
  return password;
}

}  // namespace

std::string kasa_tables(const std::vector<Known>& found, const std::string& username,
                        const std::string& password_file) {
  std::set<std::string> taken;
  const bool needs_login = std::ranges::any_of(
      found, [](const Known& k) { return k.found.transport != kasa::Transport::xor_tcp; });
  std::string text = "[[kasa]]\nid = \"plugs\"\n";
  if (needs_login || !username.empty()) {
    text += fmt::format("username = \"{}\"\n", username.empty() ? "me@example.org" : username);
    text += fmt::format("password = {{ file = \"{}\" }}\n",
                        password_file.empty() ? "/etc/battery2mqtt/kasa.password" : password_file);
  }
  text += "\n";
  for (const Known& known : found) text += table(known, taken);
  return text;
}

std::optional<std::size_t> discover_kasa(const Arguments& arguments) {
  kasa::Account account{arguments.value("--username"), ""};
  const std::string file = arguments.value("--password-file");
  if (account.username.empty() != file.empty()) {
    std::cerr << "battery2mqtt discover: --username and --password-file belong together\n";
    return std::nullopt;
  }
  if (!file.empty()) {
    const auto password = read_password(file);
    if (!password) {
      std::cerr << fmt::format("battery2mqtt discover: no password can be read from {}\n", file);
      return std::nullopt;
    }
    account.password = *password;
  }
  std::cerr << "looking for Kasa plugs and strips\n";
  boost::asio::io_context io(1);
  const auto clock = make_clock(io.get_executor());
  const auto network = make_network(io.get_executor(), *clock);
  kasa::Locator locator(io.get_executor(), *network, *clock, {});
  const auto work = [&]() -> Awaitable<void> {
    (void)co_await search(locator, *clock);  // never fails
    co_await log_in(locator, *clock, kasa::device_maker(*network, *clock, account));
  };
  boost::asio::co_spawn(io, work, boost::asio::detached);
  io.run();
  std::vector<Known> found;
  for (const auto& [mac, known] : locator.known()) found.push_back(known);
  if (found.empty()) {
    std::cerr << (locator.trouble().empty()
                      ? std::string("none found; plugs answer only within their own network\n")
                      : fmt::format("none found: {}\n", locator.trouble()));
    return 0;
  }
  std::cout << kasa_tables(found, account.username, file);
  return found.size();
}

}  // namespace b2m::app
