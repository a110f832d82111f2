// SPDX-License-Identifier: MIT
// Parameter sets of cells: files with unit and source of every number (TOML, or the same tree as
// JSON) and BPX, the open exchange format. docs/simulation-jobs.md documents the form.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/node.hpp"
#include "config/profiles.hpp"
#include "gateway/sim/cell/cell_set.hpp"

namespace b2m::config {

struct CellSetRead {
  std::optional<sim::CellSet> set;
  Mistakes mistakes;
  std::vector<std::string> notes;  // what a BPX file has and the models do not use
};

/// The tree of a set in our form; from BPX too. Nothing, with the mistakes, where the text is
/// neither. `file` is for messages.
std::optional<Node> read_cell_set_tree(std::string text, const std::string& file,
                                       CellSetRead& read);
/// `needs_sources`: a number without its source is a mistake.
CellSetRead read_cell_set(const Node& tree, std::string name, bool needs_sources);
/// A number of the tree by its name, "negative.porosity"; the error names the nearest one.
Result<> override_number(Node& tree, std::string_view name, double value);

CellSetRead read_cell_set_text(std::string text, const std::string& file, std::string name);
CellSetRead load_cell_set(const std::string& path);

/// Shipped sets, profiles/cells/NAME.toml, and those in a folder of one's own, which go first:
/// NAME.toml or NAME.json.
class CellSets {
 public:
  CellSets(Profiles profiles, std::string own_folder)
      : profiles_(std::move(profiles)), own_folder_(std::move(own_folder)) {}

  [[nodiscard]] std::vector<std::string> names() const;
  /// Names only, no paths; the error says which names there are.
  [[nodiscard]] Result<std::string> find(std::string_view name) const;
  [[nodiscard]] Result<std::string> text(std::string_view name) const;
  [[nodiscard]] Result<sim::CellSet> load(std::string_view name) const;

 private:
  Profiles profiles_;
  std::string own_folder_;
};

/// Every quantity of a set as a table of Markdown, for docs/simulation-jobs.md.
std::string cell_set_reference();

}  // namespace b2m::config
