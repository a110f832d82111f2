// SPDX-License-Identifier: MIT
// Writes down what the rules want back after a restart, and finished charges. A thread of its own
// does it, since a disk that confirms what it has takes longer than a relay may wait. A full or
// broken disk stops no charge: it is said once, and tried again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "gateway/model/intent.hpp"
#include "gateway/store/database.hpp"
#include "gateway/store/sessions.hpp"

namespace b2m::app {

class Keeper {
 public:
  /// `database` may be null: then nothing is kept.
  explicit Keeper(store::Database* database,
                  std::chrono::milliseconds retry = std::chrono::seconds(10));
  /// Writes what is left.
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  [[nodiscard]] std::optional<std::string> recall(std::string_view key) const;
  /// Returns at once. One transaction for all that the decision holds.
  void keep(const Decision& decision);
  /// Waits until everything has been tried.
  void flush();
  /// Null without a database.
  [[nodiscard]] store::Sessions* sessions() { return sessions_ ? &*sessions_ : nullptr; }

 private:
  struct Work {
    std::map<std::string, std::string> settings;
    std::vector<SessionRecord> records;
    [[nodiscard]] bool is_empty() const { return settings.empty() && records.empty(); }
  };
  void work();
  [[nodiscard]] Work take();
  void give_back(Work work);
  [[nodiscard]] Result<> write(const Work& work);
  void tell(const Result<>& written);

  store::Database* database_;
  std::chrono::milliseconds retry_;
  std::optional<store::Sessions> sessions_;

  std::mutex mutex_;
  std::condition_variable news_, calm_;
  Work waiting_;
  bool is_writing_ = false;
  bool is_broken_ = false;  // the last try has failed
  bool is_ending_ = false;
  std::unique_ptr<store::Database> own_;  // the thread's connection
  std::thread thread_;                    // from the first work on
};

}  // namespace b2m::app
