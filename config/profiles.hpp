// SPDX-License-Identifier: MIT
// Where shipped and own profiles are looked for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/result.hpp"

namespace b2m::config {

class Profiles {
 public:
  /// In order: $BATTERY2MQTT_PROFILES, the configuration's folder, /etc, the installed ones, those
  /// of a checkout.
  static Profiles beside(const std::string& config_file);
  Profiles(std::string own_folder, std::vector<std::string> folders)
      : own_folder_(std::move(own_folder)), folders_(std::move(folders)) {}

  /// Path of the folder or file. A name with a slash is a path, seen from the configuration's
  /// folder; the error lists where was looked and which names there are.
  [[nodiscard]] Result<std::string> find(std::string_view area, std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names(std::string_view area) const;
  [[nodiscard]] const std::vector<std::string>& folders() const { return folders_; }

 private:
  std::string own_folder_;
  std::vector<std::string> folders_;
};

}  // namespace b2m::config
