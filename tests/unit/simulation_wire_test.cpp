// SPDX-License-Identifier: MIT
// Messages between a gateway and its workers: what is sent is what arrives, to the last bit, and
// whatever else arrives is refused.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "gateway/app/simulation/wire.hpp"
#include "gateway/app/simulation/wire_result.hpp"

namespace b2m::app::simulation_wire {
namespace {

JobResult result_of(std::size_t rows) {
  JobResult result;
  result.state = JobState::done;
  result.calculated_s = 0.004;
  result.output.table.columns = {"time_s", "voltage_v"};
  for (std::size_t i = 0; i < rows; ++i) {
    result.output.table.values.push_back(static_cast<double>(i) * 10);
    result.output.table.values.push_back(4.1 - std::sqrt(static_cast<double>(i)) / 1000);
  }
  result.output.end = {sim::EndReason::lower_voltage, "2.5 V reached", 3555.45, 2.5, 1, 231};
  return result;
}

const Ticket kTicket{"run-1", "job one"};

Result<std::optional<JobResult>> put_together(std::vector<ResultPart> parts) {
  ResultAssembly assembly;
  Result<std::optional<JobResult>> last = std::optional<JobResult>();
  for (ResultPart& part : parts) {
    last = assembly.add(std::move(part));
    if (!last) return last;
  }
  return last;
}

TEST(SimulationWire, AnOrderArrivesWithItsRequestUntouched) {
  const Order order{{"run-7", "\"quoted\" \xC3\xA4"}, "home", 12.5, 0.5, "{\"a\":\n1}\n"};

  const auto arrived = parse_order(encode(order));

  ASSERT_TRUE(arrived) << arrived.error().text();
  EXPECT_EQ(arrived->ticket, order.ticket);
  EXPECT_EQ(arrived->gateway, "home");
  EXPECT_EQ(arrived->time_limit_s, 12.5);
  EXPECT_EQ(arrived->sign_every_s, 0.5);
  EXPECT_EQ(arrived->request, order.request);
}

TEST(SimulationWire, SignsOfLifeTellWaitingFromRunning) {
  const Signs signs{{{"a", false, 0}, {"b", true, 0.25}}};

  const auto arrived = parse_answer(encode(Answer{"attic", signs}));

  ASSERT_TRUE(arrived) << arrived.error().text();
  EXPECT_EQ(arrived->worker, "attic");
  const auto& got = std::get<Signs>(arrived->said).signs;
  ASSERT_EQ(got.size(), 2U);
  EXPECT_FALSE(got[0].is_running);
  EXPECT_TRUE(got[1].is_running);
  EXPECT_EQ(got[1].part, 0.25);
}

TEST(SimulationWire, AProgressThatIsNoNumberIsNone) {
  const Signs signs{{{"a", true, std::numeric_limits<double>::quiet_NaN()}}};

  const auto arrived = parse_answer(encode(Answer{"attic", signs}));

  ASSERT_TRUE(arrived) << arrived.error().text();
  EXPECT_EQ(std::get<Signs>(arrived->said).signs.at(0).part, 0);
}

TEST(SimulationWire, AnEmptyListOfSignsArrives) {
  const auto arrived = parse_answer(encode(Answer{"attic", Signs{}}));

  ASSERT_TRUE(arrived) << arrived.error().text();
  EXPECT_TRUE(std::get<Signs>(arrived->said).signs.empty());
}

TEST(SimulationWire, PresenceAndCancelArrive) {
  const auto presence = parse_presence(encode(Presence{kVersion, "0.1.0", "lab", 4, 10}));
  const auto cancel = parse_cancel(encode(Cancel{"home", "run-3"}));

  ASSERT_TRUE(presence) << presence.error().text();
  EXPECT_EQ(presence->group, "lab");
  EXPECT_EQ(presence->takes, 10U);
  ASSERT_TRUE(cancel) << cancel.error().text();
  EXPECT_EQ(cancel->token, "run-3");
}

TEST(SimulationWire, PresenceOfAnotherVersionIsUnderstoodAsThat) {
  const auto presence = parse_presence(R"({"wire": 99, "new": ["things"]})");

  ASSERT_TRUE(presence) << presence.error().text();
  EXPECT_EQ(presence->wire, 99);
}

TEST(SimulationWire, AResultArrivesToTheLastBit) {
  JobResult sent = result_of(100);
  sent.output.table.values[3] = std::nextafter(4.1, 5);
  sent.output.table.values[5] = std::numeric_limits<double>::quiet_NaN();
  sent.output.table.values[7] = -0.0;

  auto arrived = put_together(encode_result(kTicket, sent));

  ASSERT_TRUE(arrived) << arrived.error().text();
  ASSERT_TRUE(arrived->has_value());
  const JobResult& got = **arrived;
  EXPECT_EQ(got.state, JobState::done);
  EXPECT_EQ(got.calculated_s, 0.004);
  EXPECT_EQ(got.output.table.columns, sent.output.table.columns);
  ASSERT_EQ(got.output.table.values.size(), sent.output.table.values.size());
  EXPECT_EQ(std::memcmp(got.output.table.values.data(), sent.output.table.values.data(),
                        sent.output.table.values.size() * sizeof(double)),
            0);
  EXPECT_EQ(got.output.end.reason, sim::EndReason::lower_voltage);
  EXPECT_EQ(got.output.end.text, "2.5 V reached");
  EXPECT_EQ(got.output.end.time_s, 3555.45);
  EXPECT_EQ(got.output.end.solver_steps, 231);
}

TEST(SimulationWire, AFailureWithoutATableArrivesWithItsReason) {
  JobResult sent;
  sent.error = "lower_v: \xFF not a character";

  auto arrived = put_together(encode_result(kTicket, sent));

  ASSERT_TRUE(arrived) << arrived.error().text();
  ASSERT_TRUE(arrived->has_value());
  EXPECT_EQ((*arrived)->state, JobState::failed);
  EXPECT_NE((*arrived)->error.find("lower_v"), std::string::npos);
  EXPECT_TRUE(std::isnan((*arrived)->output.end.voltage_v));
}

TEST(SimulationWire, ALargeResultComesInPartsOfAnyOrderAndTwice) {
  const JobResult sent = result_of(50'000);
  std::vector<ResultPart> parts = encode_result(kTicket, sent);
  ASSERT_GT(parts.size(), 5U);
  parts.insert(parts.begin() + 1, parts[0]);
  std::reverse(parts.begin(), parts.end());
  for (ResultPart& part : parts) {  // over the wire
    const auto arrived = parse_answer(encode(Answer{"attic", part}));
    ASSERT_TRUE(arrived) << arrived.error().text();
    part = std::get<ResultPart>(arrived->said);
    EXPECT_LE(part.bytes.size(), kPartBytes);
  }

  ResultAssembly assembly;
  std::optional<JobResult> got;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    auto added = assembly.add(parts[i]);
    ASSERT_TRUE(added) << added.error().text();
    if (*added) got = std::move(**added);
  }

  ASSERT_TRUE(got) << "the first part came twice, the last of them is not needed";
  EXPECT_EQ(got->output.table.values, sent.output.table.values);
}

TEST(SimulationWire, PartsOfTwoCalculationsAreNotMixed) {
  const std::vector<ResultPart> first = encode_result(kTicket, result_of(50'000));
  JobResult other = result_of(50'000);
  other.calculated_s = 0.005;
  const std::vector<ResultPart> second = encode_result(kTicket, other);
  ASSERT_EQ(first.size(), second.size());
  ResultAssembly assembly;
  for (std::size_t i = 0; i + 1 < first.size(); ++i) ASSERT_TRUE(assembly.add(first[i]));

  const auto mixed = assembly.add(second.back());

  ASSERT_TRUE(mixed);
  EXPECT_FALSE(mixed->has_value());
}

TEST(SimulationWire, ADamagedResultIsRefused) {
  std::vector<ResultPart> parts = encode_result(kTicket, result_of(50'000));
  parts[2].bytes[100] = static_cast<char>(parts[2].bytes[100] ^ 1);

  const auto arrived = put_together(parts);

  ASSERT_FALSE(arrived);
  EXPECT_NE(arrived.error().text().find("damaged"), std::string::npos);
}

TEST(SimulationWire, PartsLongerThanTheWholeAreRefused) {
  std::vector<ResultPart> parts = encode_result(kTicket, result_of(50'000));
  ResultAssembly assembly;
  Result<std::optional<JobResult>> last = std::optional<JobResult>();
  for (ResultPart part : parts) {
    part.bytes += part.bytes;
    last = assembly.add(std::move(part));
    if (!last) break;
  }

  EXPECT_FALSE(last);
}

TEST(SimulationWire, AResultBeyondTheLimitBecomesAFailureThatSaysSo) {
  JobResult huge = result_of(1);
  huge.output.table.values.resize(kMostResultBytes / sizeof(double) + 2);

  auto arrived = put_together(encode_result(kTicket, huge));

  ASSERT_TRUE(arrived) << arrived.error().text();
  ASSERT_TRUE(arrived->has_value());
  EXPECT_EQ((*arrived)->state, JobState::failed);
  EXPECT_NE((*arrived)->error.find("too much to send"), std::string::npos);
}

TEST(SimulationWire, AClaimOfAnEnormousResultIsRefusedBeforeAnythingIsKept) {
  ResultPart part = encode_result(kTicket, result_of(1)).front();
  part.size = kMostResultBytes + 1;

  EXPECT_FALSE(put_together({part}));
}

TEST(SimulationWire, WhatIsNoAnswerIsRefused) {
  const char* const kTexts[] = {
      "",
      "offline",
      "[]",
      "{}",
      R"({"wire":1,"worker":"a","signs":[[[[[[[1]]]]]]]})",
      R"({"wire":2,"worker":"a","signs":[]})",
      R"({"wire":1,"signs":[]})",
      R"({"wire":1,"worker":"a/b","signs":[]})",
      R"({"wire":1,"worker":"a","signs":[{"token":"x","part":1e99}]})",
      R"({"wire":1,"worker":"a","signs":[7]})",
      R"({"wire":1,"worker":"a","returned":3,"token":"x","id":"y"})",
      "{\"wire\":1,\"worker\":\"a\",\"token\":\"x\",\"id\":\"y\",\"part\":2,\"parts\":1,"
      "\"size\":3,\"check\":0}\nabc",
      "{\"wire\":1,\"worker\":\"a\",\"token\":\"x\",\"id\":\"y\",\"part\":-1,\"parts\":1,"
      "\"size\":3,\"check\":0}\nabc"};
  for (const char* text : kTexts) EXPECT_FALSE(parse_answer(text)) << text;
}

TEST(SimulationWire, WhatIsNoOrderIsRefused) {
  const Order order{{"run-7", "a"}, "home", 12.5, 0.5, "{}"};
  std::string no_request = encode(order);
  no_request.resize(no_request.find('\n'));
  Order no_time = order;
  no_time.sign_every_s = 0;
  Order other_topic = order;
  other_topic.gateway = "#";

  EXPECT_FALSE(parse_order(no_request));
  EXPECT_FALSE(parse_order(encode(no_time)));
  EXPECT_FALSE(parse_order(encode(other_topic)));
  EXPECT_FALSE(parse_order(std::string(kMostMessageBytes + 1, '{')));
}

TEST(SimulationWire, ANameIsOneLevelOfATopic) {
  EXPECT_TRUE(is_name("attic-4711"));
  for (const std::string_view name : {"", "a/b", "+", "#", "$share", "a b", "\n", "\""})
    EXPECT_FALSE(is_name(name)) << name;
}

TEST(SimulationWire, TopicsHoldGroupAndVersion) {
  EXPECT_EQ(jobs_filter("base", "lab"), "$share/lab/base/simulation/jobs/lab/v1");
  EXPECT_EQ(jobs_topic("base", "lab"), "base/simulation/jobs/lab/v1");
  EXPECT_EQ(worker_of("base", "base/simulation/workers/attic"), "attic");
  EXPECT_EQ(worker_of("base", "base/simulation/workers/attic/x"), "");
  EXPECT_EQ(worker_of("base", "other/simulation/workers/attic"), "");
}

}  // namespace
}  // namespace b2m::app::simulation_wire
