// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_settings.hpp"

#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "tests/support/charger_fixture.hpp"

namespace b2m::rules {
namespace {

struct ChargerEntities : testing::Test {
  test::ChargerFixture f;
  std::map<std::string, std::string> kept;

  ChargeSettings make() {
    return {f.site(), f.site().find("plug1")->id, f.settings(),
            [this](std::string_view key) -> std::optional<std::string> {
              const auto at = kept.find(std::string(key));
              if (at == kept.end()) return std::nullopt;
              return at->second;
            }};
  }
  Intent intent(const char* key, double value, const char* text = "") {
    Intent i;
    i.slot = f.site().find("plug1", key)->slot;
    i.value = value;
    i.text = text;
    return i;
  }
};

TEST_F(ChargerEntities, EverySettingIsBoundShownAndKept) {
  ChargeSettings settings = make();
  std::size_t rows = 0;
  for (const PointRow& row : kPoints) {
    if (row.scope != Scope::charger || row.origin != Origin::setting ||
        row.platform == Platform::button)
      continue;
    ++rows;
    const bool is_text = row.kind.type == ValueType::text;
    const double value = row.kind.type == ValueType::number ? row.kind.high : 1;
    const auto done = settings.change(intent(row.key.data(), value, is_text ? "7:00" : ""), 1e6);
    const bool refused_alone = row.key == "schedule_windows";
    EXPECT_EQ(done.has_value(), !refused_alone) << row.key;
  }
  Decision out;
  settings.show(out);
  EXPECT_EQ(out.computed.size() + out.texts.size(), rows);
  std::vector<Kept> list;
  settings.take_kept(list);
  EXPECT_EQ(list.size(), rows - 1);
  for (const Kept& k : list) kept[k.key] = k.value;

  const ChargeSettings again = make();
  Decision same;
  again.show(same);
  ASSERT_EQ(same.computed.size(), out.computed.size());
  for (std::size_t i = 0; i < out.computed.size(); ++i) {
    EXPECT_EQ(same.computed[i].value, out.computed[i].value);
    EXPECT_EQ(same.computed[i].quality, out.computed[i].quality);
  }
  EXPECT_EQ(same.texts, out.texts);
}

TEST_F(ChargerEntities, DamagedOrForeignValuesAreForgotten) {
  kept["charger.charger1.cool_down"] = "9999|8";
  kept["charger.charger1.charge_mode"] = "turbo|off";
  kept["charger.charger1.min_on_time"] = "nan|15";
  kept["charger.charger1.schedule_windows"] = "xyz|";
  kept["charger.charger1.target_level"] = "90";
  const ChargeSettings settings = make();

  EXPECT_EQ(settings.options().cool_down_h, 8);
  EXPECT_EQ(settings.options().mode, ChargeMode::off);
  EXPECT_EQ(settings.options().min_on_min, 15);
  EXPECT_TRUE(settings.options().windows.empty());
  EXPECT_EQ(settings.options().target_level_percent, 80);
}

TEST_F(ChargerEntities, AForgottenLevelStaysForgotten) {
  ChargeSettings settings = make();
  ASSERT_TRUE(settings.change(intent("start_level", 40), 0));
  settings.forget_start_level();
  std::vector<Kept> list;
  settings.take_kept(list);
  for (const Kept& k : list) kept[k.key] = k.value;
  EXPECT_TRUE(std::isnan(make().options().start_level_percent));
}

TEST_F(ChargerEntities, AWrongTextInTheFileIsNoSilentNever) {
  f.settings().windows = "25:00-26:00";
  EXPECT_THROW(make(), std::runtime_error);
}

}  // namespace
}  // namespace b2m::rules
