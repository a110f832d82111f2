// SPDX-License-Identifier: MIT
// Every run that PyBaMM has made against ours, on the same mesh. With B2M_UPDATE_GOLDEN in the
// environment the table in docs/simulation.md is written anew.
#include <gtest/gtest.h>

#include "tests/support/accuracy_table.hpp"
#include "tests/support/reference_runs.hpp"

namespace b2m {
namespace {

/// A family of runs, by the start of their names, and what is allowed.
struct Family {
  const char* names;
  double max_mv;
};
void PrintTo(const Family& family, std::ostream* out) { *out << family.names; }

class Reference : public testing::TestWithParam<Family> {
 protected:
  void SetUp() override {
    if (test::reference_folder().empty()) GTEST_SKIP() << "../shared/data/simulation is missing";
  }
};

bool ends_by_current(const std::string& name) {
  return name.rfind("cccv_", 0) == 0 || name.rfind("cycle_", 0) == 0;
}

TEST_P(Reference, IsMatched) {
  const Family& family = GetParam();
  const auto names = test::reference_names(family.names);
  ASSERT_FALSE(names.empty());

  for (const auto& name : names) {
    const test::Difference off = test::run_and_compare(name);

    EXPECT_LE(off.max_mv, family.max_mv) << name;
    EXPECT_LE(off.max_ma, ends_by_current(name) ? 0.1 : 0.25) << name;
    EXPECT_LE(off.max_mk, 50) << name;
    EXPECT_LE(off.terms_mv, 0.2) << name;
    EXPECT_LE(off.event_s, 0.05) << name;  // ends by voltage and by current
    EXPECT_TRUE(test::accuracy_table_has(name)) << name << " is missing in docs/simulation.md";
    test::update_accuracy_table(name, off);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Runs, Reference,
    testing::Values(Family{"cc_SPM_", 0.1}, Family{"cc_SPMe_", 0.1}, Family{"cc_DFN_1C", 0.1},
                    Family{"cc_DFN_2C", 0.1}, Family{"cc_DFN_C", 0.1}, Family{"fine_SPM_", 0.1},
                    Family{"fine_SPMe_1C", 0.1}, Family{"fine_SPMe_2C", 0.1},
                    Family{"fine_SPMe_C5", 0.1}, Family{"fine_DFN_1C", 0.1},
                    Family{"fine_DFN_2C", 0.1}, Family{"fine_DFN_C5", 0.1}, Family{"parts_", 0.1},
                    Family{"lumped_SPM", 0.1}, Family{"lumped_DFN_1C", 0.1},
                    Family{"lumped_DFN_2C", 0.1}, Family{"cccv_", 0.1}, Family{"cycle_", 0.1},
                    Family{"pulse_", 0.1}, Family{"us06_SPM", 0.5}, Family{"us06_DFN_d", 0.5},
                    Family{"us06_DFN_o", 0.5}, Family{"us06_DFN_s", 0.5},
                    Family{"us06x2_lumped_SPM", 0.5}, Family{"us06x2_lumped_DFN", 0.5},
                    Family{"original_cell", 0.1}, Family{"original_drive", 0.1}));

class FastPreset : public testing::TestWithParam<const char*> {};

TEST_P(FastPreset, IsOffByHalfAMillivoltAtMost) {
  if (test::reference_folder().empty()) GTEST_SKIP() << "../shared/data/simulation is missing";

  const auto off = test::run_and_compare(GetParam(), sim::Preset::fast);

  EXPECT_LE(off.max_mv, 0.5);
}
INSTANTIATE_TEST_SUITE_P(Runs, FastPreset,
                         testing::Values("cc_SPM_C20_soc100", "cc_SPMe_2C_soc100",
                                         "cc_DFN_1C_soc020", "cc_DFN_2C_soc100",
                                         "lumped_SPMe_2C_soc100", "us06x2_lumped_DFN_soc050",
                                         "original_cell_8A_v23.9"));

// What terms say of the profiles: surfaces of the particles and extremes of the electrolyte.
class Profile : public testing::TestWithParam<const char*> {};

TEST_P(Profile, HasTheSameSurfacesAndElectrolyte) {
  if (test::reference_folder().empty()) GTEST_SKIP() << "../shared/data/simulation is missing";

  const auto off = test::compare_profile(GetParam());

  EXPECT_GT(off.values, 10U);
  EXPECT_LE(off.stoichiometry, 5e-5);
  EXPECT_LE(off.salt_mol_m3, 1);
}
INSTANTIATE_TEST_SUITE_P(Runs, Profile,
                         testing::Values("profile_SPM_1C_soc100", "profile_SPMe_1C_soc100",
                                         "profile_DFN_1C_soc100"));

// Every file of the data is one of the above.
TEST(ReferenceRuns, AreAllCompared) {
  if (test::reference_folder().empty()) GTEST_SKIP() << "../shared/data/simulation is missing";

  for (const auto& name : test::reference_names("")) {
    if (name.rfind("profile_", 0) == 0) continue;
    EXPECT_TRUE(test::accuracy_table_has(name)) << name;
  }
}

}  // namespace
}  // namespace b2m
