// SPDX-License-Identifier: MIT
// Holds profile.toml against its DBC file and the point table, and makes the tables of a Profile.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "adapters/can/profile.hpp"
#include "adapters/can/profile_file.hpp"

namespace b2m::can {

class ProfileResolver {
 public:
  ProfileResolver(const ProfileFile& file, const CanSettings& settings, PointTable& points)
      : file_(file), settings_(settings), points_(points) {}

  /// `dbc` has no mistakes of its own.
  Profile resolve(Dbc dbc);
  [[nodiscard]] const std::vector<config::Mistake>& mistakes() const { return mistakes_; }

 private:
  struct Numbers {
    int n = 0, m = 0;         // as in {n} and {m}; 0: not numbered
    std::uint16_t index = 0;  // of the point
  };
  struct Found {
    SignalIndex index = 0;
    const DbcSignal* signal = nullptr;
  };

  void complain(const config::Place& place, std::string what, std::string hint = {});
  void override_messages();
  void add_parts();
  void add_part(PartSettings part);
  void check_charging(const PartSettings& part, const Part& made);
  void index_signals();
  void add_signal(const SignalRow& row);
  void add_take(const SignalRow& row, const Numbers& numbers);
  std::vector<int> modules_of(const SignalRow& row);
  std::vector<int> numbers_of(const SignalRow& row);
  const Found* find(const SignalRow& row, const Numbers& numbers);
  RowId row_of(const SignalRow& row, const DbcSignal& signal);
  RowId add_vendor_row(const PointText& text, const DbcSignal& signal);
  bool name_values(Take& take, const SignalRow& row, const DbcSignal& signal);
  bool convert(Take& take, const SignalRow& row, const DbcSignal& signal);
  std::uint16_t destination(const std::string& part, int module);
  void offer(const SignalRow& row, const Take& take, const DbcSignal& signal);
  void check_points_used();

  const ProfileFile& file_;
  const CanSettings& settings_;
  PointTable& points_;
  Profile profile_;
  std::map<std::pair<std::string, std::string>, Found> signals_;  // by message and signal name
  std::map<std::string, RowId> vendor_rows_;                      // by key as written
  std::map<std::tuple<std::uint16_t, RowId, std::uint16_t>, int> taken_;  // -> line
  std::vector<config::Mistake> mistakes_;
};

}  // namespace b2m::can
