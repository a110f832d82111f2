// SPDX-License-Identifier: MIT
#include "gateway/model/point.hpp"

#include <utility>

namespace b2m {

PointTable::PointTable() {
  for (const PointRow& row : kPoints) rows_.push_back(&row);
}

RowId PointTable::add(const PointRow& row) {
  const RowId known = find(row.key);
  if (known != kNoRow) return known;
  rows_.push_back(&row);
  return static_cast<RowId>(rows_.size() - 1);
}

RowId PointTable::add(VendorRow text) {
  const RowId known = find(text.key);
  if (known != kNoRow) return known;
  Owned& owned = owned_.emplace_back();
  owned.text = std::move(text);
  const VendorRow& t = owned.text;
  owned.options.assign(t.options.begin(), t.options.end());
  PointRow& row = owned.row;
  row.key = t.key;
  row.scope = t.scope;
  row.origin = Origin::measured;
  row.platform = t.type == ValueType::on_off ? Platform::binary_sensor : Platform::sensor;
  row.kind = Kind{.type = t.type,
                  .unit = t.unit,
                  .device_class = t.device_class,
                  .state_class = t.state_class,
                  .decimals = t.decimals,
                  .max_age_s = t.max_age_s,
                  .options = owned.options};
  row.name = t.name;
  row.dead_band = t.dead_band;
  row.enabled = t.enabled;
  rows_.push_back(&row);
  return static_cast<RowId>(rows_.size() - 1);
}

RowId PointTable::find(std::string_view key) const {
  for (RowId i = 0; i < rows_.size(); ++i)
    if (rows_[i]->key == key) return i;
  return kNoRow;
}

}  // namespace b2m
