// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "adapters/kasa/models.hpp"

namespace b2m::kasa {
namespace {

TEST(KasaModels, FindsAModelWithAndWithoutItsRegion) {
  ASSERT_NE(find_model("KP115"), nullptr);
  EXPECT_EQ(find_model("KP115(EU)"), find_model("KP115"));
  EXPECT_EQ(find_model(" kp115 "), find_model("KP115"));
  EXPECT_EQ(find_model("KP999"), nullptr);
  EXPECT_EQ(find_model(""), nullptr);
  EXPECT_EQ(find_model("(EU)"), nullptr);
}

TEST(KasaModels, TellsTheFamilyOfOneNameByItsHardware) {
  EXPECT_EQ(find_model("EP25(US)", "2.6")->family, Family::smart);
  EXPECT_EQ(find_model("EP25(US)", "1.0")->family, Family::iot);
  EXPECT_EQ(find_model("EP25"), nullptr);
}

TEST(KasaModels, DoesNotTakeOneModelForAnotherThatBeginsAlike) {
  EXPECT_EQ(find_model("KP125M")->family, Family::smart);
  EXPECT_EQ(find_model("KP125")->family, Family::iot);
  EXPECT_EQ(find_model("EP40")->has_meter, false);
}

TEST(KasaModels, EveryNameHasARowForAnyHardware) {
  for (const auto& model : models()) {
    EXPECT_NE(find_model(model.name, "99.9"), nullptr) << model.name;
    EXPECT_GE(model.sockets, 1) << model.name;
  }
}

}  // namespace
}  // namespace b2m::kasa
