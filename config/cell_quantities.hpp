// SPDX-License-Identifier: MIT
// The tree of a parameter set as named quantities, each with its unit checked.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/cell_set_rows.hpp"
#include "config/node.hpp"
#include "gateway/sim/cell/function.hpp"

namespace b2m::config {

struct Quantity {
  double number = 0;
  std::optional<sim::Function> function;
  std::vector<double> list;
  Place place;
};

class Quantities {
 public:
  /// Of [table]; complaints go to `mistakes`.
  Quantities(const Node& tree, bool needs_sources, Mistakes& mistakes);

  [[nodiscard]] bool has_table(const std::string& table) const;
  [[nodiscard]] bool has(const std::string& name) const { return all_.contains(name); }
  /// "negative.thickness"; 0 or nothing where it is not given.
  [[nodiscard]] double number(const std::string& name, double otherwise = 0) const;
  [[nodiscard]] sim::Function function(const std::string& name) const;
  [[nodiscard]] std::vector<double> list(const std::string& name) const;
  /// Where it stands, or where its table does.
  [[nodiscard]] Place place(const std::string& name) const;

 private:
  void read_table(const Node& node, const QuantityTable& table);
  void read_quantity(const Node& node, const std::string& name, const QuantityRow& row);
  void read_value(const Node& node, const std::string& name, const QuantityRow& row);
  void read_number(const Node& value, const std::string& name, Quantity& into);
  void read_function(const Node& node, const std::string& name, Quantity& into);
  void read_points(const Node& node, const std::string& name, Quantity& into);
  std::optional<std::vector<double>> read_list(const Node* node, const std::string& name);
  void check_unit(const Node& node, const std::string& name, const QuantityRow& row);
  void check_source(const Node& node, const std::string& name);
  void check_not_used(const Node& table);
  void unknown(const Node& entry, const std::vector<std::string>& known, std::string_view noun);
  void complain(const Place& place, std::string what, std::string hint = {});

  bool needs_sources_;
  Mistakes& mistakes_;
  std::vector<std::string> sources_;
  std::map<std::string, Place> tables_;
  std::map<std::string, Quantity> all_;
  Place whole_;
};

}  // namespace b2m::config
