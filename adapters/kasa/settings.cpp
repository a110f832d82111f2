// SPDX-License-Identifier: MIT
// The keys of [[kasa]], for parsing, checking and the documentation.
#include "adapters/kasa/settings.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "adapters/kasa/discovery.hpp"
#include "adapters/kasa/models.hpp"
#include "config/suggest.hpp"
#include "config/topics.hpp"

namespace b2m::kasa {
namespace {

constexpr int kMostSockets = 16;
constexpr double kLastPort = 65'535;
constexpr double kADay = 86'400;

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

bool is_address(std::string_view text) {
  int dots = 0;
  int digits = 0;
  int number = 0;
  for (const char c : text) {
    if (c == '.') {
      if (digits == 0 || ++dots > 3) return false;
      digits = number = 0;
      continue;
    }
    if (c < '0' || c > '9' || ++digits > 3) return false;
    number = number * 10 + (c - '0');
    if (number > 255) return false;
  }
  return dots == 3 && digits > 0;
}

config::Rule mac_address() {
  return config::text_that("a MAC address such as \"C0:06:C3:12:34:56\"",
                           [](std::string_view text) { return !normal_mac(text).empty(); });
}

config::Rule device_id_text() {
  return config::text_that("32 or 40 hex digits", [](std::string_view text) {
    return (text.size() == 32 || text.size() == 40) &&
           std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c) != 0; });
  });
}

config::Rule host_name() {
  return config::text_that(
      "an IPv4 address or a host name, without a port", [](std::string_view text) {
        return !text.empty() && text.find_first_of("/:?# ") == std::string_view::npos;
      });
}

void check_match(const Match& match, config::Complaints& complaints) {
  if (match.host.empty() && match.port != 0)
    complaints.about("port", "port belongs to host", "add host, or remove port");
  if (match.host.empty() && match.transport != "auto")
    complaints.about("transport", "transport belongs to host", "add host, or remove transport");
}

const config::Schema<Match>& match_schema(bool has_child) {
  const auto make = [](bool with_child) {
    auto schema =
        config::Schema<Match>("match", "How the plug is known again; all that is given must agree")
            .option("alias", &Match::alias,
                    "Its name in the Kasa app, or that of one socket of a strip",
                    config::not_empty())
            .option("mac", &Match::mac, "Its MAC address", mac_address())
            .option("device_id", &Match::device_id, "Its device id", device_id_text())
            .option("host", &Match::host,
                    "Its fixed address or name; then it is found without broadcast", host_name())
            .option("port", &Match::port, "Of the host; not set: 9999, for KLAP 80",
                    config::range(0, kLastPort))
            .option("transport", &Match::transport, "Of the host; auto: found out",
                    config::one_of({"auto", "xor", "klap"}));
    if (with_child)
      schema.option("child", &Match::child,
                    "One socket of a strip: its number from 1, or its name");
    return schema.check(check_match);
  };
  static const config::Schema<Match> kWithChild = make(true);
  static const config::Schema<Match> kWithout = make(false);
  return has_child ? kWithChild : kWithout;
}

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const Model& m : models())
    if (names.empty() || names.back() != m.name) names.emplace_back(m.name);
  return names;
}

void check_model(const std::string& model, config::Complaints& complaints) {
  if (model.empty() || known_model(model)) return;
  const std::vector<std::string> known = model_names();
  const std::string near = config::nearest(upper(model), known);
  complaints.about(
      "model", fmt::format("the model \"{}\" is not known", model),
      near.empty() ? fmt::format("leave it out, or choose one of {}", config::join(known, "and"))
                   : fmt::format("did you mean \"{}\"? Or leave it out", near));
}

void check_strip(const StripSettings& strip, config::Complaints& complaints) {
  check_model(strip.model, complaints);
  const Model* model = strip.model.empty() ? nullptr : known_model(strip.model);
  if (model && model->sockets == 1)
    complaints.about("model", fmt::format("{} is no strip", strip.model),
                     "describe it in a [[kasa.plug]] table");
  else if (model && strip.sockets > model->sockets)
    complaints.about(
        "sockets",
        fmt::format("{} has {} sockets, not {}", strip.model, model->sockets, strip.sockets),
        fmt::format("write sockets = {}", model->sockets));
}

const config::Schema<PlugSettings>& plug_schema() {
  static const auto kSchema =
      config::Schema<PlugSettings>("kasa.plug", "A plug, or one socket of a strip")
          .required("id", &PlugSettings::id, "Device in topics and unique ids; keep it for ever",
                    config::device_id())
          .option("name", &PlugSettings::name, "Name in Home Assistant; not set: made from the id")
          .option("model", &PlugSettings::model,
                  "Such as \"KP115\": tells before the plug is met whether it has a meter")
          .option("meter", &PlugSettings::meter,
                  "Whether it measures power; not set: as the model says, else yes")
          .table("match", &PlugSettings::match, match_schema(true))
          .place(&PlugSettings::place)
          .check([](const PlugSettings& plug, config::Complaints& complaints) {
            check_model(plug.model, complaints);
            if (plug.match.is_empty())
              complaints.here("it is not said which plug this is",
                              "add match = { alias = \"NAME IN THE KASA APP\" }, or mac, device_id "
                              "or host; `battery2mqtt discover kasa` lists them");
          });
  return kSchema;
}

const config::Schema<StripSettings>& strip_schema() {
  static const auto kSchema =
      config::Schema<StripSettings>("kasa.strip",
                                    "A strip; its sockets become ID_socket1, ID_socket2 ...")
          .required("id", &StripSettings::id, "Device in topics and unique ids; keep it for ever",
                    config::device_id())
          .option("name", &StripSettings::name, "Name in Home Assistant; not set: made from the id")
          .option("model", &StripSettings::model,
                  "Such as \"HS300\": tells before the strip is met whether it has meters")
          .option("meter", &StripSettings::meter,
                  "Whether its sockets measure power; not set: as the model says, else yes")
          .table("match", &StripSettings::match, match_schema(false))
          .option("sockets", &StripSettings::sockets, "How many it has",
                  config::range(1, kMostSockets))
          .place(&StripSettings::place)
          .check([](const StripSettings& strip, config::Complaints& complaints) {
            check_strip(strip, complaints);
            if (strip.match.is_empty())
              complaints.here("it is not said which strip this is",
                              "add match = { alias = \"NAME IN THE KASA APP\" }, or mac, device_id "
                              "or host; `battery2mqtt discover kasa` lists them");
          });
  return kSchema;
}

void check_kasa(const KasaSettings& kasa, config::Complaints& complaints) {
  if (!kasa.password.empty() && kasa.username.empty())
    complaints.about("password", "a password without a username",
                     "add username, the e-mail address of the TP-Link account");
  if (!kasa.username.empty() && kasa.password.empty())
    complaints.about("username", "a username without a password",
                     "add password = { file = \"...\" } or { env = \"...\" }");
  if (kasa.fast_poll_s > kasa.poll_s)
    complaints.about("fast_poll_s", "fast_poll_s must not be longer than poll_s",
                     fmt::format("poll_s is {}", kasa.poll_s));
}

}  // namespace

const Model* known_model(std::string_view name) {
  const Model* model = find_model(name);
  return model ? model : find_model(name, "0");  // of several hardware versions: the general row
}

std::string ChildKey::text() const {
  return number > 0 ? fmt::format("socket {}", number) : fmt::format("socket \"{}\"", alias);
}

bool read_value(const config::Node& n, const std::string& key, const config::Rule& rule,
                ChildKey& out, config::Problem& problem) {
  if (n.is(config::Node::Kind::text))
    return config::read_value(n, key, config::not_empty(), out.alias, problem);
  if (n.is(config::Node::Kind::integer))
    return config::read_value(n, key, config::range(1, kMostSockets), out.number, problem);
  (void)rule;
  problem.what = fmt::format("{} must be a number from 1 or a name, this is {}", key,
                             config::describe(n.kind));
  problem.hint = "for example child = 2";
  return false;
}

config::Node show_value(const ChildKey& child) {
  return child.number > 0 ? config::node(static_cast<std::int64_t>(child.number))
                          : config::node(child.alias);
}

std::string_view type_name(const ChildKey&) { return "whole number or text"; }

std::string Match::text() const {
  std::vector<std::string> parts;
  if (!mac.empty()) parts.push_back(fmt::format("MAC {}", mac));
  if (!device_id.empty()) parts.push_back(fmt::format("device id {}", device_id));
  if (!host.empty()) parts.push_back(fmt::format("host {}", host));
  if (!alias.empty()) parts.push_back(fmt::format("alias \"{}\"", alias));
  if (child) parts.push_back(child->text());
  return fmt::format("{}", fmt::join(parts, ", "));
}

bool Match::same_device(const Match& other) const {
  return normal_mac(mac) == normal_mac(other.mac) && upper(device_id) == upper(other.device_id) &&
         host == other.host && port == other.port &&
         normal_alias(alias) == normal_alias(other.alias);
}

const config::TableSchema& kasa_schema() {
  using S = KasaSettings;
  const config::Rule port = config::range(1, kLastPort);
  static const auto kSchema =
      config::Schema<S>("kasa", "TP-Link Kasa and Tapo plugs and strips in the local network")
          .required("id", &S::id, "Name of this group of plugs", config::slug())
          .option(
              "username", &S::username,
              "E-mail address of the TP-Link account, as the app writes it; only for plugs that "
              "speak KLAP")
          .option("password", &S::password, "Of the account")
          .option("discovery", &S::discovery, "Find plugs by broadcast")
          .option("discovery_interval_s", &S::discovery_interval_s,
                  "Time between two searches; a plug that is missed is searched at once",
                  config::range(10, kADay))
          .option("broadcast", &S::broadcast,
                  "More addresses that the search goes to, such as \"192.168.7.255\"",
                  config::text_that("IPv4 addresses", is_address))
          .option("discovery_port", &S::discovery_port, "UDP and TCP port of the old protocol",
                  port)
          .option("tdp_port", &S::tdp_port, "UDP port of the newer discovery", port)
          .option("poll_s", &S::poll_s, "How often a plug is asked", config::range(1, 300))
          .option("fast_poll_s", &S::fast_poll_s,
                  "How often while power is drawn, and in the minute after a command",
                  config::range(1, 300))
          .option("timeout_s", &S::timeout_s, "Longest wait for an answer", config::range(0.5, 30))
          .list("plug", &S::plugs, plug_schema())
          .list("strip", &S::strips, strip_schema())
          .place(&S::place)
          .check(check_kasa);
  return kSchema;
}

namespace {

struct Named {
  const std::string* id;
  const Match* match;
  const config::Place* place;
  int sockets;  // of a strip: all of them; 0: a plug
};

bool is_same(const Named& a, const Named& b) {
  if (!a.match->same_device(*b.match)) return false;
  const bool both_plugs = a.sockets == 0 && b.sockets == 0;
  if (both_plugs) return a.match->child == b.match->child;
  const Named& plug = a.sockets == 0 ? a : b;
  const Named& strip = a.sockets == 0 ? b : a;
  // A strip has all its sockets; only a socket beyond those that it has is free.
  return plug.sockets > 0 || !plug.match->child || plug.match->child->number == 0 ||
         plug.match->child->number <= strip.sockets;
}

}  // namespace

config::Mistakes contradictions(const KasaSettings& settings) {
  config::Mistakes mistakes;
  std::vector<Named> seen;
  const auto take = [&](const Named& mine) {
    for (const Named& other : seen) {
      if (!is_same(mine, other)) continue;
      mistakes.push_back({.place = *mine.place,
                          .what = fmt::format("\"{}\" and \"{}\" are the same: {}", *other.id,
                                              *mine.id, mine.match->text()),
                          .hint = "one plug can be one device only: remove one of the tables, or "
                                  "mend its match"});
      break;
    }
    seen.push_back(mine);
  };
  for (const StripSettings& s : settings.strips) take({&s.id, &s.match, &s.place, s.sockets});
  for (const PlugSettings& p : settings.plugs) take({&p.id, &p.match, &p.place, 0});
  return mistakes;
}

}  // namespace b2m::kasa
