// SPDX-License-Identifier: MIT
// `battery2mqtt simulate` as a user runs it: tables, reasons, refusals, drawings.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/broker.hpp"
#include "tests/support/gateway_process.hpp"

namespace b2m::test {
namespace {

using Json = nlohmann::json;

struct Csv {
  std::string heading;
  std::vector<std::vector<std::string>> rows;
  [[nodiscard]] double number(std::size_t row, std::size_t column) const {
    return std::stod(rows.at(row).at(column));
  }
};

Csv parse(const std::string& text) {
  Csv csv;
  std::istringstream lines(text);
  std::getline(lines, csv.heading);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream cells(line);
    csv.rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, ',');) csv.rows.back().push_back(cell);
  }
  return csv;
}

class SimulateCommand : public ::testing::Test {
 protected:
  static Ran simulate(std::vector<std::string> options) {
    options.insert(options.begin(), "simulate");
    return run_program(std::move(options));
  }
  ScratchFolder folder_;
};

TEST_F(SimulateCommand, ADischargeAtOneCEndsAtTheCutOffOfTheReference) {
  const Ran ran = simulate({"--model", "dfn", "--current", "5", "--step-s", "600"});

  ASSERT_EQ(ran.status, 0) << ran.log;
  const Csv csv = parse(ran.output);
  EXPECT_EQ(csv.heading, "time_s,current_a,voltage_v,discharge_capacity_ah,soc,temperature_c");
  ASSERT_EQ(csv.rows.size(), 7U) << ran.output;  // 0, 600 ... 3000 s and the event
  EXPECT_NEAR(csv.number(0, 2), 4.05448, 1e-4);
  EXPECT_NEAR(csv.number(1, 2), 3.82372, 1e-4);
  EXPECT_NEAR(csv.number(6, 0), 3594.144, 0.05);
  EXPECT_NEAR(csv.number(6, 2), 2.5, 1e-6);
  EXPECT_NEAR(csv.number(6, 3), 4.99187, 1e-4);
  EXPECT_NE(ran.log.find("2.5000 V"), std::string::npos) << ran.log;
}

TEST_F(SimulateCommand, AnExperimentIsGivenInWords) {
  const Ran ran =
      simulate({"--model", "spm", "--soc", "0.5", "--experiment",
                "Charge at 0.5C until 4.2 V; Hold at 4.2 V until 250 mA; Rest for 10 minutes"});

  ASSERT_EQ(ran.status, 0) << ran.log;
  const Csv csv = parse(ran.output);
  EXPECT_NEAR(csv.number(0, 1), -2.5, 1e-9);
  EXPECT_EQ(csv.number(csv.rows.size() - 1, 1), 0);
  double highest = 0;
  for (std::size_t i = 0; i < csv.rows.size(); ++i) highest = std::max(highest, csv.number(i, 2));
  EXPECT_NEAR(highest, 4.2, 1e-5);
}

TEST_F(SimulateCommand, ACycleComesFromAFile) {
  std::ofstream(folder_ / "cycle.csv") << "time,current\n0,1\n60,-2\n120,0\n";

  const Ran ran = simulate({"--model", "spm", "--soc", "0.5", "--step-s", "30", "--cycle",
                            folder_ / "cycle.csv", "--charge-positive"});

  ASSERT_EQ(ran.status, 0) << ran.log;
  const Csv csv = parse(ran.output);
  ASSERT_EQ(csv.rows.size(), 5U) << ran.output;
  EXPECT_NEAR(csv.number(0, 1), -1, 1e-9);
  EXPECT_NEAR(csv.number(1, 1), 0.5, 1e-9);
  EXPECT_NEAR(csv.number(2, 1), 2, 1e-9);
}

TEST_F(SimulateCommand, SeveralRunsStandInOneTableAndOnePlot) {
  const std::string svg = folder_ / "plot.svg";

  const Ran ran =
      simulate({"--model", "spm,dfn", "--current", "2.5,5", "--hours", "0.5", "--plot", svg});

  ASSERT_EQ(ran.status, 0) << ran.log;
  const Csv csv = parse(ran.output);
  EXPECT_TRUE(csv.heading.starts_with("run,time_s,"));
  EXPECT_NE(ran.output.find("\"spm, 2.5 A\","), std::string::npos);
  EXPECT_NE(ran.output.find("\"dfn, 5 A\","), std::string::npos);
  std::ifstream in(svg);
  const std::string drawn{std::istreambuf_iterator<char>(in), {}};
  EXPECT_NE(drawn.find(">spm, 5 A<"), std::string::npos);
  EXPECT_NE(drawn.find(">dfn, 2.5 A<"), std::string::npos);
  EXPECT_NE(drawn.find("Voltage (V)"), std::string::npos);
}

TEST_F(SimulateCommand, JsonHoldsTheReasonOfTheEnd) {
  const Ran ran = simulate({"--model", "dfn", "--current", "40", "--format", "json"});

  ASSERT_EQ(ran.status, 0) << ran.log;
  const Json json = Json::parse(ran.output);
  const Json& run = json["runs"][0];
  EXPECT_TRUE(run["end"]["reason"] == "depleted" || run["end"]["reason"] == "lower_voltage")
      << run["end"];
  EXPECT_FALSE(run["end"]["text"].get<std::string>().empty());
  EXPECT_EQ(run["columns"].size(), run["rows"][0].size());
}

TEST_F(SimulateCommand, WrongOptionsSayWhichAndHowToMend) {
  const struct {
    std::vector<std::string> options;
    std::vector<std::string> said;
  } cases[] = {
      {{"--model", "p2d"}, {"--model", "p2d", "dfn"}},
      {{"--current", "fast"}, {"--current", "fast", "number"}},
      {{"--current", "1", "--cycle", "x.csv"}, {"--current", "--cycle"}},
      {{"--cycle", "/nowhere/x.csv"}, {"--cycle", "/nowhere/x.csv"}},
      {{"--parameters", "chen2021"}, {"--parameters", "chen2021", "chen2020"}},
      {{"--experiment", "Discharge at full speed"}, {"--experiment", "full speed"}},
      {{"--soc", "1.5"}, {"--soc", "1.5"}},
      {{"--soc", "nan"}, {"--soc", "nan"}},
      {{"--current", "-2", "--soc", "1"}, {"4.2"}},
      {{"--lower-v", "4.5"}, {"--lower-v", "4.5"}},
      {{"--temperature-c", "150"}, {"--temperature-c", "423"}},
      {{"--current", "600"}, {"--current", "600 A"}},
      {{"--step-s", "-1"}, {"--step-s", "-1"}},
      {{"--hours", "0"}, {"--hours", "0"}},
      {{"--format", "xml"}, {"--format", "xml", "csv"}},
      {{"--columns", "time_s,colour"}, {"colour", "voltage_v"}},
  };
  for (const auto& c : cases) {
    const Ran ran = simulate(c.options);
    EXPECT_EQ(ran.status, 2) << c.options[1] << "\n" << ran.log;
    EXPECT_TRUE(ran.output.empty()) << ran.output.substr(0, 200);
    for (const std::string& word : c.said)
      EXPECT_NE(ran.log.find(word), std::string::npos) << word << " in: " << ran.log;
  }
}

// check() speaks of fields, and not each of them has an option.
TEST_F(SimulateCommand, NoOptionIsInvented) {
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"--temperature-c", "-80"},
        {"--nominal-ah", "1e-9"},
        {"--experiment", "Discharge at 1C until 4.5 V; Rest for 1e12 s"}}) {
    const Ran help = run_program({"simulate", "--help"});
    const Ran ran = simulate(options);
    ASSERT_EQ(ran.status, 2) << options[0] << "\n" << ran.log << ran.output.substr(0, 200);
    for (std::size_t at = ran.log.find("--"); at != std::string::npos;
         at = ran.log.find("--", at + 2)) {
      const std::string option = ran.log.substr(at, ran.log.find_first_of(" :;,\"\n", at) - at);
      EXPECT_NE(help.output.find(option + " "), std::string::npos) << option << " in: " << ran.log;
    }
  }
}

TEST_F(SimulateCommand, APlotThatCannotBeWrittenFailsButTheTableStands) {
  const Ran ran = simulate({"--model", "spm", "--hours", "0.1", "--plot", "/nowhere/x.svg"});

  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.log.find("/nowhere/x.svg"), std::string::npos) << ran.log;
  EXPECT_GT(parse(ran.output).rows.size(), 10U);
}

}  // namespace
}  // namespace b2m::test
