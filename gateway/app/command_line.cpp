// SPDX-License-Identifier: MIT
#include "gateway/app/command_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <iostream>
#include <span>

#include <fmt/format.h>

#include "discovery/entities.hpp"
#include "gateway/app/check_command.hpp"
#include "gateway/app/demo_command.hpp"
#include "gateway/app/discover_command.hpp"
#include "gateway/app/dump_command.hpp"
#include "gateway/app/import_ebike.hpp"
#include "gateway/app/mail_command.hpp"
#include "gateway/app/peers_command.hpp"
#include "gateway/app/run_command.hpp"
#include "gateway/app/simulate_command.hpp"
#include "gateway/app/simulate_worker_command.hpp"
#include "gateway/app/version.hpp"

namespace b2m::app {
namespace {

struct OptionRow {
  std::string_view name, value, help;  // value empty: a flag
};
constexpr OptionRow kConfigOption{
    "-c", "FILE", "the configuration (default: /etc/battery2mqtt/battery2mqtt.toml)"};
constexpr std::array kRunOptions{kConfigOption};
constexpr std::array kCheckOptions{
    kConfigOption, OptionRow{"--reference", "", "print the table of all keys as Markdown instead"}};
constexpr std::array kDemoOptions{
    OptionRow{"-c", "FILE", "another configuration than the demo's own"},
    OptionRow{"--broker", "URL", "where to publish (default: mqtt://127.0.0.1:1883)"},
    OptionRow{"--seconds", "N", "end after N seconds"},
    OptionRow{"--speed", "X", "let the simulated world run X times as fast"}};
constexpr std::array kPeersOptions{OptionRow{"--speed", "X", "let the world run X times as fast"},
                                   OptionRow{"--until-eof", "", "end when standard input ends"}};
constexpr std::array kMailOptions{kConfigOption,
                                  OptionRow{"--subject", "TEXT", "subject of the mail"},
                                  OptionRow{"--test", "", "send a test instead of standard input"}};

constexpr std::array kSimulateOptions{
    OptionRow{"--model", "M*", "spm, spme, dfn (default), spm_rc, ecm (ecm_2rc), ecm_1rc"},
    OptionRow{"--parameters", "P*", "a parameter set by name (default: chen2020), or a file"},
    OptionRow{"--current", "A*", "constant current, positive discharges (default: 1C)"},
    OptionRow{"--experiment", "TEXT",
              "steps such as \"Charge at 1C until 4.2 V; Rest for 1 hour\""},
    OptionRow{"--cycle", "CSV", "a file with time in seconds and current in amperes"},
    OptionRow{"--charge-positive", "", "in that file currents are positive when charging"},
    OptionRow{"--hours", "H", "how long --current lasts (default: until a limit)"},
    OptionRow{"--soc", "S*", "state of charge at the start, 0 to 1 (default: 1)"},
    OptionRow{"--temperature-c", "T*", "of cell and surroundings (default: 25)"},
    OptionRow{"--thermal", "", "the cell heats up and cools down"},
    OptionRow{"--nominal-ah", "Q", "scale the cell to another nominal capacity"},
    OptionRow{"--lower-v", "V", "ends the run (default: the set's own)"},
    OptionRow{"--upper-v", "V", "ends the run (default: the set's own)"},
    OptionRow{"--at-limit", "WORD", "stop, clamp or ignore: what a cycle does at these limits"},
    OptionRow{"--step-s", "S", "between rows (default: 10); 0: every step of the solver"},
    OptionRow{"--columns", "LIST", "of the table, separated by commas"},
    OptionRow{"--preset", "WORD", "fast or exact (default)"},
    OptionRow{"--format", "WORD", "csv (default) or json"},
    OptionRow{"--plot", "FILE.svg", "draw the run; on a terminal a small plot as well"}};
constexpr std::array kDiscoverOptions{
    OptionRow{"--username", "NAME", "e-mail address of the TP-Link account, for newer Kasa plugs"},
    OptionRow{"--password-file", "FILE", "its password, in the first line of FILE"},
    OptionRow{"--port", "PATH", "tesla: the one serial port to ask; else all USB adapters"},
    OptionRow{"--device", "PATH", "spi: the one select line to ask; else all /dev/spidev*"}};

constexpr std::array kWorkerOptions{
    OptionRow{"--broker", "URL", "where the jobs come from; mqtts:// for TLS"},
    OptionRow{"--group", "NAME", "whose jobs: simulation.remote_group (default: battery2mqtt)"},
    OptionRow{"--base-topic", "TOPIC", "the gateway's mqtt.base_topic (default: battery2mqtt)"},
    OptionRow{"--name", "NAME", "of this worker (default: host and process)"},
    OptionRow{"--threads", "N", "jobs at the same time (default: one for each processor)"},
    OptionRow{"--username", "NAME", "at the broker; its password in BATTERY2MQTT_MQTT_PASSWORD"},
    OptionRow{"--password-file", "FILE", "or in the first line of FILE"},
    OptionRow{"--ca-file", "FILE", "authority of the broker's certificate"},
    OptionRow{"--cert-file", "FILE", "certificate of this worker"},
    OptionRow{"--key-file", "FILE", "and its key"}};

struct CommandRow {
  std::string_view name, words, help;
  std::span<const OptionRow> options;
  std::size_t least_words, most_words;
  int (*run)(const Arguments&);
};

const CommandRow kCommands[] = {
    {"run", "", "run the gateway", kRunOptions, 0, 0, run_command},
    {"check", "", "check a configuration and say every mistake", kCheckOptions, 0, 0,
     [](const Arguments& a) {
       return a.has("--reference") ? reference_command()
                                   : check_command(a.value("-c", kDefaultConfig));
     }},
    {"demo", "", "run on simulated batteries that speak the real protocols", kDemoOptions, 0, 0,
     demo_command},
    {"discover", "[can|kasa|tesla|spi|all]",
     "look for hardware and print configuration ready to paste", kDiscoverOptions, 0, 1,
     discover_command},
    {"peers", "WORLD.toml", "simulate the hardware described in WORLD.toml", kPeersOptions, 1, 1,
     peers_command},
    {"simulate", "",
     "calculate a cell: a discharge, an experiment or a drive cycle; options "
     "marked * take several values, 1,2.5,5, and compare them",
     kSimulateOptions, 0, 0, simulate_command},
    {"simulate-worker", "", "calculate simulations for gateways behind a broker", kWorkerOptions, 0,
     0, simulate_worker_command},
    {"mail", "", "send standard input by e-mail, as [mail] of the configuration says", kMailOptions,
     0, 0, mail_command},
    {"import-ebike",
     "FILE.config",
     "turn a configuration of the EBike Battery Plug Manager into ours",
     {},
     1,
     1,
     import_ebike_command},
    {"dump", "", "print the state of the running gateway, without secrets, for a support request",
     kRunOptions, 0, 0, dump_command},
};

void print_options(std::ostream& out, std::span<const OptionRow> options) {
  for (const OptionRow& o : options)
    out << fmt::format("  {:<18} {}\n", fmt::format("{} {}", o.name, o.value), o.help);
}

void print_help(std::ostream& out) {
  out << "usage: battery2mqtt COMMAND [OPTIONS]\n\nBrings batteries into Home Assistant over "
         "MQTT.\n\n";
  for (const CommandRow& c : kCommands)
    out << fmt::format("  {:<34} {}\n", fmt::format("{} {}", c.name, c.words), c.help);
  out << "\n  --entities           print the table of all entities as Markdown\n"
         "  --version            print the version\n"
         "  COMMAND --help       what a command takes\n";
}

void print_help(std::ostream& out, const CommandRow& c) {
  out << fmt::format("usage: battery2mqtt {} {}{}\n\n{}\n\n", c.name,
                     c.options.empty() ? "" : "[OPTIONS] ", c.words, c.help);
  print_options(out, c.options);
}

int refuse(const CommandRow& c, const std::string& what) {
  std::cerr << fmt::format("battery2mqtt {}: {}; see battery2mqtt {} --help\n", c.name, what,
                           c.name);
  return kExitUsage;
}

std::optional<Arguments> parse(const CommandRow& c, std::span<const std::string> given,
                               std::string& error) {
  Arguments a;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string& word = given[i];
    if (word.size() < 2 || word[0] != '-') {
      a.words.push_back(word);
      continue;
    }
    const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
    const std::string name = word.substr(0, equals);
    const auto at = std::ranges::find(c.options, name, &OptionRow::name);
    if (at == c.options.end()) return error = fmt::format("unknown option {}", name), std::nullopt;
    if (at->value.empty()) {
      a.options[name] = "";
    } else if (equals != std::string::npos) {
      a.options[name] = word.substr(equals + 1);
    } else if (++i < given.size()) {
      a.options[name] = given[i];
    } else {
      return error = fmt::format("{} needs {}", name, at->value), std::nullopt;
    }
  }
  if (a.words.size() < c.least_words)
    return error = fmt::format("{} is missing", c.words), std::nullopt;
  if (a.words.size() > c.most_words)
    return error = fmt::format("unexpected \"{}\"", a.words[c.most_words]), std::nullopt;
  return a;
}

int run(const CommandRow& c, std::span<const std::string> given) {
  if (std::ranges::find(given, "--help") != given.end() ||
      std::ranges::find(given, "-h") != given.end()) {
    print_help(std::cout, c);
    return kExitOk;
  }
  std::string error;
  const auto arguments = parse(c, given, error);
  if (!arguments) return refuse(c, error);
  try {
    return c.run(*arguments);
  } catch (const std::exception& e) {
    std::cerr << fmt::format("battery2mqtt {}: {}\n", c.name, e.what());
    return kExitFailed;
  }
}

}  // namespace

std::string Arguments::value(std::string_view option, std::string_view otherwise) const {
  const auto at = options.find(option);
  return at == options.end() ? std::string(otherwise) : at->second;
}

std::optional<double> Arguments::number(std::string_view option, double otherwise) const {
  const auto at = options.find(option);
  if (at == options.end()) return otherwise;
  const std::string& text = at->second;
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

int run_command_line(const std::vector<std::string>& argv) {
  const std::string first = argv.size() > 1 ? argv[1] : "";
  if (first == "--version") {
    std::cout << fmt::format("battery2mqtt {} ({})\n", version(), commit());
    return kExitOk;
  }
  if (first == "--entities") {
    std::cout << discovery::entities_markdown(PointTable());
    return kExitOk;
  }
  if (first == "--help" || first == "-h") {
    print_help(std::cout);
    return kExitOk;
  }
  for (const CommandRow& c : kCommands)
    if (c.name == first) return run(c, std::span(argv).subspan(2));
  std::cerr << (first.empty() ? "battery2mqtt: a command is missing\n\n"
                              : fmt::format("battery2mqtt: unknown command \"{}\"\n\n", first));
  print_help(std::cerr);
  return kExitUsage;
}

}  // namespace b2m::app
