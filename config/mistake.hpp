// SPDX-License-Identifier: MIT
// Places in files, what is wrong there, and values that must never be shown.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace b2m::config {

/// A value that never appears in a log, on a topic or in a dump. Given as { file = "..." },
/// { env = "..." } or plain text.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& reveal() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

/// Where something stands in a file; lines and columns (in characters) from 1, 0: the whole file.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
};

enum class Level { error, warning };  // with a warning the file still loads

struct Mistake {
  Place place{};
  std::string what{};
  std::string hint{};     // how to mend; may be empty
  std::string excerpt{};  // the line with a caret below; may be empty
  Level level = Level::error;
  bool hides_line = false;  // the line may hold a secret: no excerpt

  [[nodiscard]] std::string text() const;  // FILE:LINE:COLUMN: error: what; hint: ...
};
using Mistakes = std::vector<Mistake>;

bool has_errors(const Mistakes& mistakes);
/// In order of lines, the main file's first.
void sort_by_place(Mistakes& mistakes, std::string_view main_file);
/// One text() a line, no excerpts.
std::string list(const Mistakes& mistakes);

}  // namespace b2m::config
