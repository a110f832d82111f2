// SPDX-License-Identifier: MIT
// Configuration files made by tests, in a folder that goes with the test.
#pragma once

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <stdlib.h>

#include "config/load.hpp"

namespace b2m::testing {

class ConfigFolder {
 public:
  ConfigFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "b2m-config-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~ConfigFolder() {
    std::error_code ignored;  // a test that leaves a folder behind has still passed
    std::filesystem::remove_all(path_, ignored);
  }
  ConfigFolder(const ConfigFolder&) = delete;
  ConfigFolder& operator=(const ConfigFolder&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }
  /// Each mistake's text, the folder cut off: "b.toml:1:2: error: ...".
  [[nodiscard]] std::vector<std::string> texts(const config::Mistakes& mistakes) const {
    std::vector<std::string> all;
    for (const config::Mistake& mistake : mistakes) {
      std::string text = mistake.text();
      for (auto at = text.find(path("")); at != std::string::npos; at = text.find(path("")))
        text.erase(at, path("").size());
      all.push_back(text);
    }
    return all;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace b2m::testing
