// SPDX-License-Identifier: MIT
// The configuration file as one schema, made of the fixed tables and those of the adapters.
#pragma once

#include <memory>
#include <span>

#include "config/config.hpp"
#include "config/schema.hpp"

namespace b2m::config {

class RootSchema final : public TableSchema {
 public:
  explicit RootSchema(std::span<const AdapterKind> kinds);

  [[nodiscard]] Config read(const Node& tree, Reading& reading) const;
  [[nodiscard]] std::any parse(const Node& tree, Reading& reading) const override;
  [[nodiscard]] Node dump(const std::any& config) const override;

 private:
  template <class S>
  void add_table(S Config::*member, const Schema<S>& schema);
  template <class S>
  void add_list(std::vector<S> Config::*member, const Schema<S>& schema);
  void add_adapter(std::shared_ptr<const AdapterKind> kind);
};

}  // namespace b2m::config
