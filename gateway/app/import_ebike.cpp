// SPDX-License-Identifier: MIT
// What each of its keys means: docs/charging.md, "From the EBike Battery Plug Manager".
#include "gateway/app/import_ebike.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include <fmt/format.h>

namespace b2m::app {
namespace {

constexpr std::string_view kSpecial[] = {"Plugs", "Storage", "FullCharge"};
constexpr double kMostWatts = 4000;

/// One of its keys, by its present name and those of earlier versions.
struct Key {
  std::string_view name;
  std::vector<std::string_view> older;
};
const Key kStart{
    "nominal_charge_start_power_threshold",
    {"nominal_charge_battery_power_threshold", "nominal_charged_battery_power_threshold"}};
const Key kStop{
    "nominal_charge_stop_power_threshold",
    {"nominal_charge_battery_power_threshold", "nominal_charged_battery_power_threshold"}};
const Key kFull{"full_charge_power_threshold",
                {"full_charge_battery_power_threshold", "fully_charged_battery_power_threshold"}};
const Key kStorage{"storage_charge_start_power_threshold",
                   {"storage_charge_stop_power_threshold", "storage_charge_battery_power_threshold",
                    "storage_charged_battery_power_threshold"}};
const Key kMargin{"coarse_probe_threshold_margin", {}};
const Key kCycles{"storage_charge_cycle_limit", {"storage_charge_battery_cycle_limit"}};
const Key kRate{"charger_amp_hour_rate", {}};
const Key kCapacity{"battery_amp_hour_capacity", {}};
const Key kVoltage{"battery_voltage", {}};
const Key kEfficiency{"charger_efficiency", {}};
const Key* const kKeys[] = {&kStart,  &kStop, &kFull,     &kStorage, &kMargin,
                            &kCycles, &kRate, &kCapacity, &kVoltage, &kEfficiency};

struct Profile {
  std::string id;
  bool has_capacity = false;
};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= ' ' && c != 0x7F) out += c;
  }
  return out + '"';
}

class Importer {
 public:
  explicit Importer(std::string_view text) : file_(read_ini(text)) {}

  Imported import(std::string_view name) {
    check_sections();
    if (std::ranges::any_of(file_.mistakes, &IniMistake::is_error)) return done("");
    say("# Made by `battery2mqtt import-ebike {}`. What had to change stands in comments.", name);
    say("# Limits in watts are taken over; once a few charges have been seen, target = \"knee\" "
        "or");
    say("# \"fraction\" fits better, since they follow what each charger really draws.\n");
    say("[mqtt]\nurl = \"mqtt://127.0.0.1:1883\"\n\n[control]\nallow = [\"charging\"]\n");
    plugs();
    for (const IniSection& section : file_.sections)
      if (std::ranges::find(kSpecial, section.name) == std::end(kSpecial)) profile(section);
    for (const IniEntry& plug : file_.find("Plugs")->entries) charger(plug);
    return done(std::move(out_));
  }

 private:
  template <class... Args>
  void say(fmt::format_string<Args...> format, Args&&... args) {
    for (const char c : fmt::format(format, std::forward<Args>(args)...))
      if (static_cast<unsigned char>(c) >= ' ' ? c != 0x7F : c == '\n') out_ += c;
    out_ += '\n';
  }
  void complain(int line, std::string what, bool is_error = false) {
    file_.mistakes.push_back({line, std::move(what), is_error});
  }
  Imported done(std::string toml) {
    std::ranges::stable_sort(file_.mistakes, {}, &IniMistake::line);
    return {std::move(toml), std::move(file_.mistakes)};
  }

  void check_sections() {
    const IniSection* plugs = file_.find("Plugs");
    if (!plugs || plugs->entries.empty())
      return complain(plugs ? plugs->line : 1,
                      "there is no plug: a section [Plugs] with lines \"plug alias = profile\" is "
                      "needed",
                      true);
    for (const std::string_view list : {"Storage", "FullCharge"}) {
      const IniSection* section = file_.find(list);
      if (!section) continue;
      for (const IniEntry& entry : section->entries)
        if (!plugs->find(entry.key))
          complain(entry.line, fmt::format("\"{}\" is not in [Plugs]: left out", entry.key));
    }
  }

  /// An id that nobody has, of what people call it.
  std::string slug(std::string_view name) {
    std::string id;
    for (const char c : lower(name))
      id += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '_';
    id = id.substr(0, 60);
    if (id.empty() || id == "bridge") id = "plug_" + id;
    std::string unique = id;
    for (int n = 2; !ids_.insert(unique).second; ++n) unique = fmt::format("{}_{}", id, n);
    return unique;
  }

  void plugs() {
    say("[[kasa]]\nid = \"plugs\"");
    say("# username = \"me@example.org\"                  # newer firmware wants the account's");
    say("# password = {{ env = \"KASA_PASSWORD\" }}\n");
    for (const IniEntry& plug : file_.find("Plugs")->entries) {
      plug_ids_.push_back(slug(plug.key));
      say("[[kasa.plug]]\nid = \"{}\"\nname = {}\nmatch = {{ alias = {} }}  # in any letter case\n",
          plug_ids_.back(), quoted(plug.key), quoted(plug.key));
    }
    ids_.clear();
  }

  const IniEntry* entry(const IniSection& section, const Key& key) {
    if (const IniEntry* found = section.find(key.name)) return found;
    for (const std::string_view older : key.older)
      if (const IniEntry* found = section.find(older)) return found;
    return nullptr;
  }

  /// The figure of a key; a complaint, and nothing, when it is none or not in the range.
  std::optional<double> figure(const IniSection& section, const Key& key, double low, double high) {
    const IniEntry* found = entry(section, key);
    if (!found) return std::nullopt;
    double value = 0;
    const std::string& text = found->value;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || failed != std::errc{} || end != text.data() + text.size() ||
        !(value >= low && value <= high)) {
      complain(found->line, fmt::format("{} = \"{}\" is no number from {} to {}: left out",
                                        found->key, text, low, high));
      return std::nullopt;
    }
    if (lower(found->key) != key.name)
      say("# {} = {} is its older name for {}; its newest version ignored it.", found->key, text,
          key.name);
    return value;
  }

  void unknown_keys(const IniSection& section) {
    for (const IniEntry& e : section.entries) {
      const std::string name = lower(e.key);
      const bool known = std::ranges::any_of(kKeys, [&](const Key* key) {
        return key->name == name || std::ranges::find(key->older, name) != key->older.end();
      });
      if (known) continue;
      complain(e.line, fmt::format("[{}] has no key \"{}\": left out", section.name, e.key));
      say("# {} = {}: not known, left out.", e.key, e.value);
    }
  }

  void profile(const IniSection& section) {
    Profile made;
    made.id = slug(section.name);
    say("[[charging_profile]]\nid = \"{}\"\nname = {}", made.id, quoted(section.name));
    unknown_keys(section);
    if (const auto rate = figure(section, kRate, 0.05, 100)) say("charger_current_a = {}", *rate);
    if (const auto capacity = figure(section, kCapacity, 0.1, 2000)) {
      made.has_capacity = true;
      say("capacity_ah = {}", *capacity);
    }
    say("battery_voltage_v = {}", figure(section, kVoltage, 1, 500).value_or(48));
    say("efficiency = {}", figure(section, kEfficiency, 0.3, 1).value_or(0.75));
    say("# max_hours: its limit, capacity by current, is shorter than a full charge takes; ours");
    say("# is 1.25 times that plus 3 h, at most 12, and holds during the charge as well.");
    limits(section);
    storage(section);
    if (entry(section, kMargin)) say("# {}: power is looked at all the time.", kMargin.name);
    if (entry(section, kCycles)) say("# {}: had no effect.", kCycles.name);
    say("");
    profiles_[section.name] = made;
  }

  void limits(const IniSection& section) {
    const auto start = figure(section, kStart, 0.5, kMostWatts);
    const auto stop = figure(section, kStop, 0.5, kMostWatts);
    const auto full = figure(section, kFull, 0.5, kMostWatts);
    if ((!start && !stop) || !full) {
      complain(section.line,
               fmt::format("[{}] lacks {}: the original ran its plugs with 90 W and 5 W, so does "
                           "this",
                           section.name, full ? kStop.name : kFull.name));
      return write_limits(90, 90, 5);
    }
    write_limits(start.value_or(stop.value_or(90)), stop.value_or(start.value_or(90)), *full);
  }

  void write_limits(double start, double stop, double full) {
    if (start < stop) {
      say("# Its start, {} W, was below its stop: such a charge would end at once.", start);
      start = stop;
    }
    if (full >= stop) {
      say("# Its limit for full, {} W, was not below its stop.", full);
      full = std::max(0.5, stop / 10);
    }
    say("target = \"power\"\nnominal_start_w = {}\nnominal_stop_w = {}\nfull_power_w = {}", start,
        stop, full);
  }

  void storage(const IniSection& section) {
    const auto watts = figure(section, kStorage, 0, kMostWatts);
    if (!watts) return;
    say("# Storage at {} W: power tells no level below about 85 %, and a charger that never draws",
        *watts);
    say("# so much was switched off at the first reading. Here mode storage goes by energy:");
    say("storage_level_percent = 60");
  }

  const Profile& profile_of(const IniEntry& plug) {
    const auto at = profiles_.find(plug.value);
    if (!plug.value.empty() && at != profiles_.end()) return at->second;
    complain(plug.line,
             plug.value.empty()
                 ? fmt::format("\"{}\" has no profile: it gets the original's own, 90 W and 5 W",
                               plug.key)
                 : fmt::format("there is no profile [{}]: \"{}\" gets the original's own, 90 W "
                               "and 5 W",
                               plug.value, plug.key));
    Profile& own = profiles_[""];
    if (own.id.empty()) {
      own.id = slug("original_default");
      say("[[charging_profile]]\nid = \"{}\"\nname = \"Built into the original\"", own.id);
      write_limits(90, 90, 5);
      say("");
    }
    return own;
  }

  [[nodiscard]] bool is_in(std::string_view list, std::string_view plug) const {
    const IniSection* section = file_.find(list);
    return section && section->find(plug);
  }

  void charger(const IniEntry& plug) {
    const Profile profile = profile_of(plug);
    const std::string& id = plug_ids_[next_++];
    say("[[charger]]\nid = \"{}\"\nplug = \"{}\"\nprofile = \"{}\"", id, id, profile.id);
    mode(plug, profile);
    say("# Its cron lines: every day at 00:00 for at most 12 h.");
    say("schedule = true\nwindows = \"mon-sun 00:00-12:00\"");
    if (!is_in("Storage", plug.key) && !is_in("FullCharge", plug.key))
      say("# On saturdays with -f, which goes before nominal only.\nfull_every = \"week\"\n"
          "full_weekday = \"saturday\"");
    say("");
  }

  void mode(const IniEntry& plug, const Profile& profile) {
    if (!is_in("Storage", plug.key))
      return say("mode = \"{}\"", is_in("FullCharge", plug.key) ? "full" : "nominal");
    if (is_in("FullCharge", plug.key)) say("# In [FullCharge] too: [Storage] goes first.");
    if (profile.has_capacity) return say("mode = \"storage\"");
    say("# In [Storage], but that needs the battery's capacity: add capacity_ah to the profile,");
    say("# then write mode = \"storage\".\nmode = \"off\"");
    complain(plug.line, fmt::format("\"{}\" is in [Storage], but the capacity of its battery is "
                                    "not known: it is off until you add capacity_ah",
                                    plug.key));
  }

  IniFile file_;
  std::string out_;
  std::set<std::string> ids_;
  std::vector<std::string> plug_ids_;  // as [Plugs]
  std::size_t next_ = 0;
  std::map<std::string, Profile> profiles_;  // by section; "": the original's own
};

}  // namespace

Imported import_ebike(std::string_view text, std::string_view name) {
  return Importer(text).import(name);
}

int import_ebike_command(const Arguments& arguments) {
  const std::string& file = arguments.words.front();
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) {
    std::cerr << fmt::format("{}: error: it cannot be read; hint: give the path of its .config\n",
                             file);
    return kExitFailed;
  }
  const Imported imported = import_ebike(text.str(), file.substr(file.rfind('/') + 1));
  for (const IniMistake& m : imported.mistakes)
    std::cerr << fmt::format("{}:{}: {}: {}\n", file, m.line, m.is_error ? "error" : "warning",
                             m.what);
  std::cout << imported.toml;
  return imported.toml.empty() ? kExitFailed : kExitOk;
}

}  // namespace b2m::app
