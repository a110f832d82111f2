// SPDX-License-Identifier: MIT
// A plug that answers what a recorded device has answered. The recordings are no part of the
// project; without them there is nothing to load and the tests skip.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "adapters/kasa/plug_link.hpp"

namespace b2m::test {

/// Paths of the recordings of "iot" or "smart"; empty where they are missing.
std::vector<std::string> kasa_recordings(const std::string& command_set);
/// Null when there is no such file, or no JSON in it.
nlohmann::json kasa_recording(const std::string& command_set, const std::string& name);

class RecordedIotPlug final : public kasa::PlugLink {
 public:
  explicit RecordedIotPlug(nlohmann::json device) : device_(std::move(device)) {}
  Awaitable<Result<std::string>> exchange(std::string request, kasa::Repeat, SteadyTime) override;
  void close() override {}
  [[nodiscard]] std::string_view name() const override { return "recorded"; }
  std::vector<std::string> requests;

 private:
  nlohmann::json device_;
};

class RecordedSmartPlug final : public kasa::PlugLink {
 public:
  explicit RecordedSmartPlug(nlohmann::json recording) : device(std::move(recording)) {}
  Awaitable<Result<std::string>> exchange(std::string request, kasa::Repeat, SteadyTime) override;
  void close() override {}
  [[nodiscard]] std::string_view name() const override { return "recorded"; }

  nlohmann::json device;
  std::vector<std::string> methods;  // asked, also within batches and of children
  bool can_batch = true;
  bool stops_at_error = false;  // a batch is not answered beyond the first error

 private:
  nlohmann::json answer(const nlohmann::json& of, const nlohmann::json& request);
  nlohmann::json answer_batch(const nlohmann::json& of, const nlohmann::json& request);
};

}  // namespace b2m::test
