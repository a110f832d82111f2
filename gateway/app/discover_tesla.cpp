// SPDX-License-Identifier: MIT
#include "gateway/app/discover_tesla.hpp"

#include <algorithm>
#include <iostream>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "adapters/tesla_uart/roll_call.hpp"
#include "gateway/app/serial_ports.hpp"

namespace b2m::app {
namespace {

using namespace std::chrono_literals;
using tesla_uart::RequestForm;

constexpr int kBaud = 612'500;
constexpr SteadyDuration kReply = 40ms;    // USB adapters hold a reply back for up to 16 ms
constexpr SteadyDuration kForget = 120ms;  // a torn request
constexpr int kTries = 2;

Awaitable<Result<>> ask_everybody(tesla_uart::Ring& ring, tesla_uart::RollCall& roll,
                                  FoundRing& found) {
  const auto is_new = co_await roll.answers(tesla_uart::kUnaddressed, kTries);
  if (!is_new) co_return is_new.error();
  found.has_new = *is_new;
  for (int a = 1; a <= tesla_uart::kMaxModules; ++a) {
    const auto is_there = co_await roll.answers(static_cast<std::uint8_t>(a), kTries);
    if (!is_there) co_return is_there.error();
    if (*is_there) found.addresses.push_back(a);
  }
  found.needs_crc = ring.form() == RequestForm::with_crc;
  co_return Result<>();
}

Awaitable<Result<>> ask_in_both_forms(tesla_uart::Ring& ring, Clock& clock, FoundRing& found) {
  tesla_uart::RollCall roll(ring, clock, false);
  const Result<> asked = co_await ask_everybody(ring, roll, found);
  if (!asked || !found.is_empty()) co_return asked;
  const Result<> slept = co_await clock.sleep_for(kForget);
  if (!slept) co_return slept;
  ring.use(RequestForm::with_crc);
  co_return co_await ask_everybody(ring, roll, found);
}

Awaitable<void> look(Executor executor, Clock& clock, std::string port,
                     std::vector<FoundRing>& rings) {
  std::cerr << fmt::format("asking {}\n", port);
  auto line = open_serial(executor, clock, port, kBaud);
  if (!line) {
    std::cerr << fmt::format("  {}\n", line.error().text());
    co_return;
  }
  auto found = co_await look_at_ring(executor, clock, std::move(*line));
  if (!found) {
    std::cerr << fmt::format("  {}\n", found.error().text());
  } else if (found->is_empty()) {
    std::cerr << "  nobody answers\n";
  } else {
    found->port = port;
    rings.push_back(std::move(*found));
  }
}

std::vector<std::string> ports_to_ask(const Arguments& arguments) {
  if (arguments.has("--port")) return {arguments.value("--port")};
  std::vector<std::string> ports;
  for (const SerialPort& port : usb_serial_ports())
    if (!port.speaks_slcan) ports.push_back(port.path);
  return ports;
}

std::string list(const std::vector<int>& addresses) {
  const bool is_run =
      addresses.back() - addresses.front() + 1 == static_cast<int>(addresses.size());
  if (is_run && addresses.size() > 2)
    return fmt::format("{} to {}", addresses.front(), addresses.back());
  return fmt::format("{}", fmt::join(addresses, ", "));
}

}  // namespace

Awaitable<Result<FoundRing>> look_at_ring(Executor executor, Clock& clock,
                                          std::shared_ptr<ByteStream> line) {
  using namespace boost::asio::experimental::awaitable_operators;
  tesla_uart::Ring ring(executor, clock, kReply);
  FoundRing found;
  const auto ended =
      co_await (ring.serve(std::move(line)) || ask_in_both_forms(ring, clock, found));
  const Result<>& result = ended.index() == 0 ? std::get<0>(ended) : std::get<1>(ended);
  if (!result) co_return result.error();
  co_return found;
}

std::string ring_tables(const FoundRing& ring, std::size_t number) {
  std::string text = fmt::format("# {}: ", ring.port);
  if (ring.addresses.empty()) {
    text += "modules without addresses answer; the gateway gives them when it starts\n";
  } else {
    text += fmt::format("{} modules answer, addresses {}{}\n", ring.addresses.size(),
                        list(ring.addresses),
                        ring.has_new ? ", and at least one without an address" : "");
  }
  const bool is_sure = !ring.addresses.empty() && !ring.has_new;
  text += fmt::format("[[tesla_uart]]\nid = \"ring{}\"\nport = \"{}\"\nmodules = {}{}\n", number,
                      ring.port, ring.addresses.empty() ? 1 : ring.addresses.back(),
                      is_sure ? "" : "  # as many as the ring really has: count them");
  if (ring.needs_crc) text += "read_request_crc = \"always\"\n";
  return text + fmt::format(
                    "\n[[pack]]\nid = \"tesla{}\"\nchemistry = \"nca_tesla\"\nsource = "
                    "\"ring{}\"\n\n",
                    number == 1 ? "" : fmt::format("_{}", number), number);
}

std::size_t discover_tesla(const Arguments& arguments) {
  const std::vector<std::string> ports = ports_to_ask(arguments);
  std::cerr << "looking for rings of Tesla modules; a running gateway should be stopped before\n";
  if (ports.empty())
    std::cerr << "no USB serial adapter found; name another port with --port PATH\n";
  boost::asio::io_context io(1);
  const auto clock = make_clock(io.get_executor());
  std::vector<FoundRing> rings;
  for (const std::string& port : ports) {
    boost::asio::co_spawn(io, look(io.get_executor(), *clock, port, rings), boost::asio::detached);
    io.run();
    io.restart();
  }
  for (std::size_t i = 0; i < rings.size(); ++i) std::cout << ring_tables(rings[i], i + 1);
  if (rings.empty() && !ports.empty())
    std::cerr << "none found; are the modules powered, and RX and TX not swapped?\n";
  return rings.size();
}

}  // namespace b2m::app
