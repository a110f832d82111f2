// SPDX-License-Identifier: MIT
// A pack whose cells stand on itself is gone with their voltages, whatever else of it is kept
// longer.
#include "gateway/rules/presence.hpp"

#include <gtest/gtest.h>

#include "gateway/model/model.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;

SitePlan pack_of(std::vector<RowId> rows) {
  AdapterPlan nodes{"nodes", "spi_nodes", {}, {}};
  for (const RowId row : rows) {
    Offer& offer = nodes.offers.emplace_back();
    offer.part = "cells";
    offer.row = row;
    offer.count = 2;
    if (row != point::cell_voltage.row) offer.max_age_s = 300;
  }
  SitePlan plan;
  plan.adapters.push_back(std::move(nodes));
  PackPlan pack;
  pack.slug = pack.name = "pack1";
  pack.sources.push_back({0, "cells"});
  plan.packs.push_back(std::move(pack));
  return plan;
}

class PresenceOfCells : public testing::Test {
 protected:
  void make(std::vector<RowId> rows) {
    site = std::make_unique<Site>(points, pack_of(rows));
    model = std::make_unique<Model>(*site);
    presence = std::make_unique<rules::Presence>(*site);
    Report report(*site->target(0, "cells"));
    for (const RowId row : rows)
      for (int i = 0; i < 2; ++i) report.add(row, 3.7, i);
    model->apply(report, now);
  }
  bool is_connected() {
    Decision out;
    const Snapshot snapshot = model->freeze(now);
    presence->step({snapshot, {}, false, {}, {}}, out);
    return out.computed.at(0).value != 0;
  }
  PointTable points;
  std::unique_ptr<Site> site;
  std::unique_ptr<Model> model;
  std::unique_ptr<rules::Presence> presence;
  SteadyTime now = SteadyTime{} + 1h;
};

TEST_F(PresenceOfCells, CountsThatAreKeptLongerDoNotShowADeadPack) {
  make({point::cell_voltage.row, core_row("cell_{}_read_errors")});
  EXPECT_TRUE(is_connected());
  ASSERT_GT(site->find("pack1", "cell_01_read_errors")->max_age_s, 100);
  now += 10s;
  EXPECT_FALSE(is_connected());
}

}  // namespace
}  // namespace b2m
