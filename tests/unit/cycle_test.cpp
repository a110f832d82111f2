// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/sim/cell/experiment.hpp"

namespace b2m::sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Cycle : public testing::TestWithParam<const char*> {};

TEST_P(Cycle, IsReadInEveryForm) {
  const auto cycle = parse_cycle(GetParam());

  ASSERT_TRUE(cycle) << cycle.error().detail;
  EXPECT_THAT(cycle->time_s, ElementsAre(0, 0.5, 10));
  EXPECT_THAT(cycle->current_a, ElementsAre(1, -2.5, 0.03));
}

INSTANTIATE_TEST_SUITE_P(
    All, Cycle,
    testing::Values("0,1\n0.5,-2.5\n10,3e-2\n", "t_s,I_A\n0,1\n.5,-2.5\n10,.03",
                    "\xEF\xBB\xBFTime [s];Current [A]\r\n0;1\r\n0.5;-2.5\r\n10;0.03",
                    "# a comment\n\n0 1 # begin\n 0.5\t-2.5\n10   +0.03\n"));

TEST(Cycles, OfTheOtherSignAreTurnedRound) {
  const auto cycle = parse_cycle("0,1\n1,-2\n", true);

  ASSERT_TRUE(cycle);
  EXPECT_THAT(cycle->current_a, ElementsAre(-1, 2));
}

struct Bad {
  const char* csv;
  const char* says;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.csv; }

class WrongCycle : public testing::TestWithParam<Bad> {};

TEST_P(WrongCycle, IsRefusedWithLineAndReason) {
  const auto cycle = parse_cycle(GetParam().csv);

  ASSERT_FALSE(cycle);
  EXPECT_THAT(cycle.error().detail, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongCycle,
    testing::Values(Bad{"", "0 points"}, Bad{"t,i\n", "0 points"}, Bad{"0,1\n", "1 points"},
                    Bad{"0,1\n1,x\n", "line 2: \"x\""}, Bad{"0,1\n1\n", "line 2: \"\""},
                    Bad{"0,1\n1,2,3\n", "line 2: \"1,2,3\" has more than two"},
                    Bad{"0,1\n1,nan\n", "line 2: a number is not finite"},
                    Bad{"0,1\ninf,2\n", "line 2: a number is not finite"},
                    Bad{"0,1\n2,1\n1,1\n", "line 3: 1 s does not come after 2 s"},
                    Bad{"0,1\n0,1\n", "line 2: 0 s does not come"},
                    Bad{"5,1\n6,1\n", "line 1: the first time is 5 s"},
                    Bad{"a,b\nc,d\n0,1\n", "line 2: \"c\""}, Bad{"0,1\n1e300,1\n", "too long"},
                    Bad{"0,1\n1,,2\n", "line 2: \"\""}));

TEST(Cycles, OfMoreThanAMillionPointsAreRefused) {
  std::string csv;
  for (int i = 0; i <= 1'000'000; ++i) csv += std::to_string(i) + ",0\n";

  const auto cycle = parse_cycle(csv);

  ASSERT_FALSE(cycle);
  EXPECT_THAT(cycle.error().detail, HasSubstr("at most 1000000 points"));
}

}  // namespace
}  // namespace b2m::sim
