// SPDX-License-Identifier: MIT
#include "gateway/app/simulate_command.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "gateway/app/simulate_output.hpp"
#include "gateway/io/clock.hpp"

namespace b2m::app {
namespace {

constexpr SteadyDuration kQuiet = std::chrono::milliseconds(200);  // what is faster needs no bar
constexpr SteadyDuration kRedraw = std::chrono::milliseconds(50);
constexpr int kBarWidth = 30;

std::atomic<bool> is_interrupted = false;

/// On a terminal, once a run takes longer than a moment.
class ProgressBar {
 public:
  explicit ProgressBar(Clock& clock)
      : clock_(clock), is_terminal_(isatty(STDERR_FILENO) == 1), next_(clock.now() + kQuiet) {}
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(const std::string& name, double part) {
    if (!is_terminal_ || clock_.now() < next_) return;
    next_ = clock_.now() + kRedraw;
    const int filled = static_cast<int>(part * kBarWidth);
    std::cerr << fmt::format("\r\x1b[K{} [{:#<{}}{:.<{}}] {:3.0f} %", name, "", filled, "",
                             kBarWidth - filled, part * 100)
              << std::flush;
    is_drawn_ = true;
  }
  void clear() {
    if (is_drawn_) std::cerr << "\r\x1b[K" << std::flush;
    is_drawn_ = false;
  }

 private:
  Clock& clock_;
  bool is_terminal_;
  bool is_drawn_ = false;
  SteadyTime next_;
};

bool has_unicode() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (!value || !*value) continue;
    const std::string text = value;
    return text.find("UTF-8") != std::string::npos || text.find("utf8") != std::string::npos;
  }
  return false;
}

int terminal_columns() {
  const char* columns = std::getenv("COLUMNS");
  const int wanted = columns ? std::atoi(columns) : 0;
  return wanted >= 40 && wanted <= 400 ? wanted : 80;
}

int refuse(const std::string& what) {
  std::cerr << "battery2mqtt simulate: " << what << "\n";
  return kExitUsage;
}

void say_end(const FinishedRun& finished, bool with_name) {
  const sim::SimulationEnd& end = finished.output.end;
  std::cerr << fmt::format(
      "{}{}\n", with_name ? finished.run.name + ": " : std::string(),
      end.text.empty() ? sim::kEndReasons[static_cast<int>(end.reason)] : end.text);
}

Result<std::vector<FinishedRun>> run_all(const std::vector<SimulateRun>& runs) {
  boost::asio::io_context io(1);
  const auto clock = make_clock(io.get_executor());
  ProgressBar bar(*clock);
  std::vector<FinishedRun> finished;
  for (const SimulateRun& run : runs) {
    sim::RunControl control;
    control.is_cancelled = &is_interrupted;
    control.progress = [&](double part) { bar.show(run.name, part); };
    auto output = sim::run(run.input, control);
    if (!output) return Error(output.error().code, run.name + ": " + output.error().text());
    bar.clear();
    finished.push_back({run, std::move(*output)});
    say_end(finished.back(), runs.size() > 1);
  }
  return finished;
}

/// False when the file cannot be written.
bool plot(const std::vector<FinishedRun>& runs, const std::string& path) {
  const Figure figure = simulate_figure(runs);
  std::ofstream out(path, std::ios::binary);
  out << to_svg(figure);
  out.close();
  if (!out) {
    std::cerr << fmt::format(
        "battery2mqtt simulate: --plot: {} cannot be written; is the folder there?\n", path);
    return false;
  }
  if (isatty(STDERR_FILENO) == 1)
    std::cerr << to_terminal(figure, {terminal_columns(), 16}, has_unicode());
  return true;
}

bool failed(const FinishedRun& run) {
  using enum sim::EndReason;
  const sim::EndReason reason = run.output.end.reason;
  return reason == no_solution || reason == cancelled || reason == row_limit ||
         reason == time_limit || reason == out_of_time;
}

}  // namespace

int simulate_command(const Arguments& arguments) {
  const std::string format = arguments.value("--format", "csv");
  if (format != "csv" && format != "json")
    return refuse(fmt::format("--format \"{}\": expected csv or json", format));
  const auto runs = simulate_runs(arguments);
  if (!runs) return refuse(runs.error().text());
  std::signal(SIGINT, [](int) { is_interrupted = true; });
  const auto finished = run_all(*runs);
  if (!finished) return refuse(finished.error().text());
  std::cout << (format == "csv" ? simulate_csv(*finished) : simulate_json(*finished)) << std::flush;
  if (!std::cout) return kExitFailed;
  if (arguments.has("--plot") && !plot(*finished, arguments.value("--plot"))) return kExitFailed;
  return std::ranges::any_of(*finished, failed) ? kExitFailed : kExitOk;
}

}  // namespace b2m::app
