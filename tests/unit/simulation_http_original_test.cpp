// SPDX-License-Identifier: MIT
// What the original answered, request by request, against what is answered now. Not copied into
// the repository: read from the reference data beside it.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>

#include <gtest/gtest.h>

#include "tests/support/http_face_rig.hpp"

namespace b2m::test {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

const std::string kData = std::string(B2M_SOURCE_DIR) + "/../shared/data/simulation/";

struct Row {
  const char* name;  // of the recording
  const char* path;
  const char* body;
  const char* reason;  // where it fails: what ours has to say, which the original did not
};
constexpr const char* kCell = "/cell/simulate";
constexpr const char* kCycle = "/drivecycle/simulate";
// clang-format off
constexpr Row kRows[] = {
    {"readme", kCell, R"({"simulationType":"cell","time":1,"upperVoltage":4.2,"lowerVoltage":2.5,"nominalCell":8,"controlCurrent":4})", ""},
    {"defaults", kCell, "{}", ""},
    {"nominal 5 instead of 8.6", kCell, R"({"nominalCell":5})", ""},
    {"charge -2A", kCell, R"({"controlCurrent":-2})", "upperVoltage: "},
    {"zero current", kCell, R"({"controlCurrent":0})", ""},
    {"8A", kCell, R"({"nominalCell":9,"controlCurrent":8})", ""},
    {"lower 4.1", kCell, R"({"lowerVoltage":4.1})", "lowerVoltage: "},
    {"upper 3.0", kCell, R"({"upperVoltage":3.0})", "upperVoltage: "},
    {"lower 0", kCell, R"({"lowerVoltage":0})", ""},
    {"upper 10", kCell, R"({"upperVoltage":10})", ""},
    {"java defaults (all zero)", kCell, R"({"id":0,"simulationType":"cell","time":0.0,"upperVoltage":0.0,"lowerVoltage":0.0,"nominalCell":0.0,"controlCurrent":0.0})", ": "},
    {"time 0", kCell, R"({"time":0})", "time: "},
    {"time string", kCell, R"({"time":"1"})", "time: "},
    {"time 100h at 0.05A", kCell, R"({"time":100,"controlCurrent":0.05})", ""},
    {"current string", kCell, R"({"controlCurrent":"5"})", "controlCurrent: "},
    {"null current", kCell, R"({"controlCurrent":null})", "controlCurrent: "},
    {"drivecycle defaults", kCycle, "{}", ""},
    {"drivecycle lower 4.0", kCycle, R"({"lowerVoltage":4.0})", ""},
    {"drivecycle bad", kCycle, R"({"lowerVoltage":"x"})", "lowerVoltage: "},
};
// clang-format on

/// Here the original failed, after seconds of attempts; ours runs until the cell is empty, which is
/// when the reference solver of the same model stops.
struct Better {
  const char* name;
  const char* body;
  double ends_s;
};
constexpr Better kBetter[] = {{"20A", R"({"controlCurrent":20})", 141},
                              {"40A", R"({"controlCurrent":40})", 23}};

/// The recorded answers by their names.
std::map<std::string, Json> recorded() {
  std::map<std::string, Json> answers;
  std::ifstream in(kData + "original/original_http_behaviour.txt");
  for (std::string line; std::getline(in, line);) {
    const std::size_t json = line.find(" {");
    const std::size_t name = line.find(": HTTP 200 ");
    if (json == line.npos || name == line.npos) continue;
    answers[line.substr(0, name)] = Json::parse(line.substr(json), nullptr, false);
  }
  return answers;
}

void compare(const Json& row, const Json& original, const std::string& where) {
  EXPECT_NEAR(row["time"], original["time"].get<double>(), 0.05) << where;
  EXPECT_NEAR(row["voltage"], original["voltage"].get<double>(), 1e-4) << where;
  EXPECT_NEAR(row["current"], original["current"].get<double>(), 1e-9) << where;
  EXPECT_NEAR(row["dcap"], original["dcap"].get<double>(), 1e-4) << where;
}

class SimulationHttpOriginal : public testing::TestWithParam<Row> {};

TEST_P(SimulationHttpOriginal, AnswersAsTheOriginalDid) {
  const Row& row = GetParam();
  if (!fs::exists(kData)) GTEST_SKIP() << "no reference data at " << kData;
  const auto answers = recorded();
  ASSERT_TRUE(answers.contains(row.name)) << row.name;
  const Json& original = answers.at(row.name);
  HttpFaceRig rig(HttpFaceRig::Calculates::really);
  rig.settings.cycle_dir = kData + "input";
  rig.settings.drive_cycle = "us06_current";
  rig.start();
  const HttpReply reply = rig.ask(8084, "POST", row.path, row.body);
  ASSERT_EQ(reply.status, 200);
  const Json json = reply.json();
  EXPECT_EQ(json["jobStarted"], original["jobStarted"]) << reply.body.substr(0, 300);
  EXPECT_EQ(json["simulationType"], original["simulationType"]);
  const Json& rows = json["simulationResults"];
  if (*row.reason != '\0') {
    EXPECT_TRUE(rows.is_null());
    EXPECT_NE(json.value("reason", "").find(row.reason), std::string::npos)
        << reply.body.substr(0, 300);
    return;
  }
  ASSERT_EQ(rows.size(), original["rows"].get<std::size_t>()) << json.value("reason", "");
  compare(rows.front(), original["first"], "first row");
  compare(rows.back(), original["last"], "last row");
  double highest = 0;
  for (const Json& r : rows) highest = std::max(highest, r["voltage"].get<double>());
  EXPECT_NEAR(highest, original["vmax"].get<double>(), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Rows, SimulationHttpOriginal, testing::ValuesIn(kRows),
                         [](const testing::TestParamInfo<Row>& param) {
                           std::string name;
                           for (const char c : std::string_view(param.param.name))
                             if (std::isalnum(static_cast<unsigned char>(c))) name += c;
                           return name;
                         });

TEST(SimulationHttpOriginalRows, WhereTheOriginalFailedForItsSolverOursEndsWithItsReason) {
  if (!fs::exists(kData)) GTEST_SKIP() << "no reference data at " << kData;
  auto answers = recorded();
  HttpFaceRig rig(HttpFaceRig::Calculates::really);
  rig.start();
  for (const Better& better : kBetter) {
    EXPECT_EQ(answers[better.name]["jobStarted"], false);
    const Json json = rig.cell(better.body).json();
    if (json["jobStarted"] == false) {
      EXPECT_NE(json.value("reason", "").find("deplet"), std::string::npos) << json;
      continue;
    }
    EXPECT_NEAR(json["simulationResults"].back()["time"], better.ends_s, 2) << better.name;
  }
}

TEST(SimulationHttpOriginalRows, EveryRecordedAnswerIsCompared) {
  if (!fs::exists(kData)) GTEST_SKIP() << "no reference data at " << kData;
  std::map<std::string, Json> answers = recorded();
  for (const Row& row : kRows) answers.erase(row.name);
  for (const Better& better : kBetter) answers.erase(better.name);
  for (const char* of_the_face : {"no json", "bad json", "drivecycle no json"}) {
    EXPECT_TRUE(answers.contains(of_the_face));
    answers.erase(of_the_face);  // simulation_http_face_test.cpp
  }
  EXPECT_TRUE(answers.empty()) << answers.begin()->first;
}

}  // namespace
}  // namespace b2m::test
