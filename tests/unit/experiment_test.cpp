// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/experiment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace b2m::sim {
namespace {

using Kind = ExperimentStep::Kind;
using testing::HasSubstr;

struct Good {
  const char* text;
  Kind kind;
  double value;
  double duration_s, until_v, until_a;  // 0: none
};
void PrintTo(const Good& good, std::ostream* out) { *out << good.text; }

class Step : public testing::TestWithParam<Good> {};

TEST_P(Step, IsUnderstood) {
  const Good& good = GetParam();

  const auto step = parse_step(good.text, 5);

  ASSERT_TRUE(step) << step.error().detail;
  EXPECT_EQ(step->kind, good.kind);
  EXPECT_DOUBLE_EQ(step->value, good.value);
  EXPECT_DOUBLE_EQ(step->duration_s.value_or(0), good.duration_s);
  EXPECT_DOUBLE_EQ(step->until_v.value_or(0), good.until_v);
  EXPECT_DOUBLE_EQ(step->until_a.value_or(0), good.until_a);
}

INSTANTIATE_TEST_SUITE_P(
    All, Step,
    testing::Values(Good{"Discharge at 1C until 2.5 V", Kind::current, 5, 0, 2.5, 0},
                    Good{"Charge at 0.3C until 4.2 V", Kind::current, -1.5, 0, 4.2, 0},
                    Good{"Discharge at 5 W for 30 minutes", Kind::power, 5, 1800, 0, 0},
                    Good{"Charge at 500 mW for 2 days", Kind::power, -0.5, 172800, 0, 0},
                    Good{"Hold at 4.2 V until 50 mA", Kind::voltage, 4.2, 0, 0, 0.05},
                    Good{"Hold at 4200mV until C/50", Kind::voltage, 4.2, 0, 0, 0.1},
                    Good{"Hold at 4.2V for 1.5h or until 50mA", Kind::voltage, 4.2, 5400, 0, 0.05},
                    Good{"Rest for 1 hour", Kind::current, 0, 3600, 0, 0},
                    Good{"rest FOR 10 s", Kind::current, 0, 10, 0, 0},
                    Good{"Discharge at C/5 for 2 hours or until 3 V", Kind::current, 1, 7200, 3, 0},
                    Good{"Discharge at C/5 until 3 V or for 2 h", Kind::current, 1, 7200, 3, 0},
                    Good{"Discharge at 2 Ohm until 3 V", Kind::resistance, 2, 0, 3, 0},
                    Good{"  Charge\tat 250 mA  for 5 min ", Kind::current, -0.25, 300, 0, 0}));

struct Bad {
  const char* text;
  const char* says;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.text; }

class WrongStep : public testing::TestWithParam<Bad> {};

TEST_P(WrongStep, IsRefusedWithTheWordsAtFaultAndAnExample) {
  const auto step = parse_step(GetParam().text, 5);

  ASSERT_FALSE(step);
  EXPECT_THAT(step.error().detail, HasSubstr(GetParam().says));
  EXPECT_THAT(step.error().detail, HasSubstr("Discharge at 1C until 2.5 V"));
}

INSTANTIATE_TEST_SUITE_P(All, WrongStep,
                         testing::Values(Bad{"Dischage at 1C until 2.5 V", "\"Dischage\""},
                                         Bad{"Discharge 1C until 2.5 V", "\"1C\" is not \"at\""},
                                         Bad{"Discharge at 1X for 1 h", "\"X\" is not a unit"},
                                         Bad{"Discharge at 1 MA for 1 h", "\"MA\" is not a unit"},
                                         Bad{"Discharge at -1 A for 1 h", "negative"},
                                         Bad{"Rest for -1 h", "times and voltages are not below"},
                                         Bad{"Discharge at nan A for 1 h", "\"nan\""},
                                         Bad{"Discharge at 1e999 A for 1 h", "\"1e999\""},
                                         Bad{"Discharge at C/0 for 1 h", "\"C/0\""},
                                         Bad{"Discharge at 1C", "nothing ends it"},
                                         Bad{"Rest", "nothing ends it"},
                                         Bad{"Hold at 2 A for 1 h", "what is held is a voltage"},
                                         Bad{"Charge at 2 Ohm for 1 h", "only discharge"},
                                         Bad{"Charge at 4.2 V for 1 h", "Hold at"},
                                         Bad{"Rest for 1 hour for 2 hours", "two ends of one kind"},
                                         Bad{"Rest for 3 V", "a time is expected"},
                                         Bad{"Rest until 3 minutes", "times come after"},
                                         Bad{"Rest for 1 hour (1 minute period)", "\"(1\""},
                                         Bad{"Run US06", "\"Run\""}, Bad{"", "it ends where"}));

TEST(Experiment, HasStepsApartByLinesSemicolonsAndThen) {
  const auto experiment = parse_experiment(
      "Discharge at 1C until 2.5 V\n\nRest for 1 hour; Charge at C/3 until 4.2 V, then Hold at 4.2 "
      "V until 50 mA\r\n",
      5);

  ASSERT_TRUE(experiment) << experiment.error().detail;
  ASSERT_EQ(experiment->steps.size(), 4U);
  EXPECT_EQ(experiment->steps[3].text, "Hold at 4.2 V until 50 mA");
}

TEST(Experiment, RepeatsAGroup) {
  const auto experiment = parse_experiment(
      "Rest for 1 s\n(Discharge at 1C for 10 s; Rest for 5 s) x 3\nRest for 2 s", 5);

  ASSERT_TRUE(experiment) << experiment.error().detail;
  EXPECT_EQ(experiment->steps.size(), 8U);
  EXPECT_EQ(*experiment->steps.back().duration_s, 2);
}

TEST(Experiment, NamesTheStepThatIsWrong) {
  const auto experiment = parse_experiment("Rest for 1 s\nRest for 1 s\nRost for 1 s", 5);

  ASSERT_FALSE(experiment);
  EXPECT_THAT(experiment.error().detail, HasSubstr("step 3"));
}

class WrongExperiment : public testing::TestWithParam<const char*> {};

TEST_P(WrongExperiment, IsRefused) { EXPECT_FALSE(parse_experiment(GetParam(), 5)); }

INSTANTIATE_TEST_SUITE_P(All, WrongExperiment,
                         testing::Values("", " \n;;", "(Rest for 1 s", "(Rest for 1 s) x 0",
                                         "(Rest for 1 s) x", "(Rest for 1 s)", "(Rest for 1 s) 3",
                                         "((Rest for 1 s) x 2) x 2", "() x 3",
                                         "(Rest for 1 s) x 99999999999999999999",
                                         "(Rest for 1 s; Rest for 2 s) x 9000"));

TEST(Experiment, OfAMillionCharactersIsRefused) {
  EXPECT_FALSE(parse_experiment(std::string(1'000'000, 'x'), 5));
}

}  // namespace
}  // namespace b2m::sim
