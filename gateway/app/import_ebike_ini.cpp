// SPDX-License-Identifier: MIT
#include "gateway/app/import_ebike_ini.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "discovery/text.hpp"

namespace b2m::app {
namespace {

constexpr std::string_view kBlank = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

class Reader {
 public:
  IniFile read(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      ++number_;
      line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::move(file_);
  }

 private:
  void error(std::string what) { file_.mistakes.push_back({number_, std::move(what), true}); }

  void line(std::string_view raw) {
    const std::string_view text = trimmed(raw);
    if (text.empty() || text[0] == '#' || text[0] == ';') return;
    if (!discovery::is_utf8(text)) return error("this line is not UTF-8");
    if (text[0] == '[') return section(text);
    if (file_.sections.empty()) return error("a key stands before the first [section]");
    if (kBlank.find(raw[0]) != std::string_view::npos && !file_.sections.back().entries.empty())
      return error("an indented line would continue the one above; remove the blanks before it");
    entry(text);
  }

  void section(std::string_view text) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return error("the ] of this section is missing");
    const std::string name(text.substr(1, close - 1));
    if (file_.find(name)) error(fmt::format("the section [{}] stands here twice", name));
    file_.sections.push_back({name, number_, {}});
  }

  void entry(std::string_view text) {
    const std::size_t mark = text.find_first_of("=:");
    IniEntry entry;
    entry.line = number_;
    entry.key = trimmed(text.substr(0, mark));
    if (mark != std::string_view::npos) entry.value = trimmed(text.substr(mark + 1));
    if (entry.key.empty()) return error("a value without a key");
    IniSection& section = file_.sections.back();
    if (const IniEntry* first = section.find(entry.key))
      return error(
          fmt::format("\"{}\" stands in this section twice, first in line {}; letter case makes no "
                      "difference",
                      entry.key, first->line));
    section.entries.push_back(std::move(entry));
  }

  IniFile file_;
  int number_ = 0;
};

}  // namespace

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

const IniEntry* IniSection::find(std::string_view key) const {
  const auto at = std::ranges::find(entries, lower(key),
                                    [](const IniEntry& entry) { return lower(entry.key); });
  return at == entries.end() ? nullptr : &*at;
}

const IniSection* IniFile::find(std::string_view name) const {
  const auto at = std::ranges::find(sections, name, &IniSection::name);
  return at == sections.end() ? nullptr : &*at;
}

IniFile read_ini(std::string_view text) { return Reader().read(text); }

}  // namespace b2m::app
