// SPDX-License-Identifier: MIT
// What adapters want back after a restart, in the database of the rules.
#pragma once

#include "adapters/adapter.hpp"
#include "gateway/app/keeper.hpp"

namespace b2m::app {

class AdapterMemory final : public Memory {
 public:
  explicit AdapterMemory(Keeper& keeper) : keeper_(keeper) {}

  [[nodiscard]] std::optional<std::string> recall(std::string_view key) const override;
  void keep(std::string key, std::string value) override;

 private:
  Keeper& keeper_;
};

}  // namespace b2m::app
