// SPDX-License-Identifier: MIT
#include "gateway/model/site.hpp"

#include <algorithm>
#include <set>

#include "gateway/model/site_builder.hpp"

namespace b2m {

Site::Site(const PointTable& points, const SitePlan& plan) : points_(&points) {
  SiteBuilder(*this, plan).build();
}

std::string name_from_slug(std::string_view slug) {
  std::string name;
  for (const char c : slug) {
    const bool digit = c >= '0' && c <= '9';
    if (digit && !name.empty() && name.back() != ' ' && !(name.back() >= '0' && name.back() <= '9'))
      name += ' ';
    name += c == '_' ? ' ' : c;
  }
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z')
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
  return name;
}

const Device* Site::find(std::string_view slug) const {
  const auto at = std::ranges::find(devices_, slug, &Device::slug);
  return at == devices_.end() ? nullptr : &*at;
}

std::span<const Entity> Site::entities(DeviceId id) const {
  const Device& d = device(id);
  return std::span(entities_).subspan(d.first, d.count);
}

const Entity* Site::find(std::string_view slug, std::string_view key) const {
  const Device* d = find(slug);
  if (!d) return nullptr;
  const auto all = entities(d->id);
  const auto at = std::ranges::find(all, key, &Entity::key);
  return at == all.end() ? nullptr : &*at;
}

Slot Site::slot(DeviceId id, RowId row, int index) const {
  if (id.index >= first_slots_.size() || row >= first_slots_[id.index].size()) return kNoSlot;
  const Slot first = first_slots_[id.index][row];
  if (first == kNoSlot) return kNoSlot;
  const Scope scope = points_->row(row).scope;
  if (scope == Scope::adapter) {  // not every adapter has every row: look it up
    for (Slot s = first; s < entities_.size() && entities_[s].device == id; ++s)
      if (entities_[s].row_id == row && entities_[s].number == index + 1) return s;
    return kNoSlot;
  }
  const Slot s = first + static_cast<Slot>(index);
  return s < entities_.size() && entities_[s].row_id == row && entities_[s].device == id ? s
                                                                                         : kNoSlot;
}

std::span<const DeviceId> Site::modules(DeviceId pack) const { return modules_[pack.index]; }

std::vector<Slot> Site::all_of(DeviceId pack, RowId row) const {
  std::vector<Slot> slots;
  const auto add = [&](DeviceId id) {
    for (const Entity& e : entities(id))
      if (e.row_id == row) slots.push_back(e.slot);
  };
  add(pack);
  std::ranges::for_each(modules(pack), add);
  return slots;
}

std::optional<Target> Site::target(AdapterIndex adapter, std::string_view part, int module) const {
  const auto at = targets_.find({adapter, std::string(part)});
  if (at == targets_.end() || module < 0 || static_cast<std::size_t>(module) >= at->second.size())
    return std::nullopt;
  return at->second[static_cast<std::size_t>(module)];
}

Slot Site::alternative(Slot slot, std::uint8_t rank) const {
  const auto at = std::ranges::lower_bound(alternatives_, slot, {}, &Alternatives::slot);
  if (at == alternatives_.end() || at->slot != slot || rank >= at->ranked.size()) return kNoSlot;
  return at->ranked[rank];
}

}  // namespace b2m
