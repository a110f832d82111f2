// SPDX-License-Identifier: MIT
// Writes down what the rules want back after a restart, and finished charges. A full or broken disk
// stops no charge: it is said once, and tried again.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/model/intent.hpp"
#include "gateway/store/database.hpp"
#include "gateway/store/sessions.hpp"

namespace b2m::app {

class Keeper {
 public:
  /// `database` may be null: then nothing is kept.
  explicit Keeper(store::Database* database);

  [[nodiscard]] std::optional<std::string> recall(std::string_view key) const;
  /// One transaction for all that the decision holds.
  void keep(const Decision& decision, SteadyTime now);
  /// Null without a database.
  [[nodiscard]] store::Sessions* sessions() { return sessions_ ? &*sessions_ : nullptr; }

 private:
  Result<> write();

  store::Database* database_;
  std::optional<store::Sessions> sessions_;
  std::map<std::string, std::string> settings_;  // not written yet
  std::vector<SessionRecord> records_;           // likewise
  SteadyTime retry_at_{};
  bool has_complained_ = false;
};

}  // namespace b2m::app
