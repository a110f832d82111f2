// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/request_fields.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "config/suggest.hpp"

namespace b2m::app {

using config::Node;

namespace {

using Form = RequestField::Form;
using Words = std::vector<std::string>;

constexpr double kMost = 1e15;  // where no bound of its own is known

bool optional_number(const Node& n, double low, double high, std::string_view unit,
                     std::optional<double>& out, Refusal& r) {
  double value = 0;
  if (!r.number(n, n.key, low, high, unit, value)) return false;
  out = value;
  return true;
}

template <std::optional<double> Wish::*member>
bool volts(const Node& n, Wish& w, Refusal& r) {
  return optional_number(n, 0, 10, "V", w.*member, r);
}

template <std::optional<double> Wish::*member>
bool celsius(const Node& n, Wish& w, Refusal& r) {
  return optional_number(n, -50, 100, "C", w.*member, r);
}

template <const Node* Wish::*member>
bool keep(const Node& n, Wish& w, Refusal& r) {
  if (n.is(Node::Kind::none)) return r.because(n.key, "is null; leave it out or give a value");
  w.*member = &n;
  return true;
}

bool is_id_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '_' || c == '.' || c == ':';
}

/// The original's job manager sends null.
bool read_id(const Node& n, Wish& w, Refusal& r) {
  if (n.is(Node::Kind::none)) return true;
  if (n.is(Node::Kind::integer)) {
    w.id = w.id_json = std::to_string(n.integer);
    return true;
  }
  if (!n.is(Node::Kind::text)) return r.because("id", "must be a text or a whole number");
  const bool is_good = !n.text.empty() && n.text.size() <= 64 &&
                       std::all_of(n.text.begin(), n.text.end(), is_id_character);
  if (!is_good)
    return r.because("id", "is part of a topic: 1 to 64 letters, digits, - _ . and : are possible");
  w.id = n.text;
  w.id_json = "\"" + n.text + "\"";
  return true;
}

bool read_type(const Node& n, Wish& w, Refusal& r) {
  if (!r.text(n, n.key, w.simulation_type)) return false;
  if (w.simulation_type == "cell" || w.simulation_type == "driveCycle") return true;
  const std::string near = config::nearest(w.simulation_type, {"cell", "driveCycle"});
  return r.because(n.key, near.empty() ? "must be \"cell\" or \"driveCycle\""
                                       : "did you mean \"" + near + "\"?");
}

bool read_model(const Node& n, Wish& w, Refusal& r) {
  Words words(sim::kModelNames.begin(), sim::kModelNames.end());
  words.emplace_back("ecm");
  if (!r.word(n, n.key, words, w.model)) return false;
  if (w.model == static_cast<int>(sim::kModelNames.size()))
    w.model = static_cast<int>(sim::ModelKind::ecm_2rc);
  return true;
}

bool read_callback(const Node& n, Wish& w, Refusal& r) {
  if (!r.text(n, n.key, w.callback)) return false;
  const bool is_url = w.callback.starts_with("http://") || w.callback.starts_with("https://");
  const bool is_plain =
      std::all_of(w.callback.begin(), w.callback.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (is_url && is_plain && w.callback.size() <= 1000) return true;
  return r.because(n.key, "must be a URL, http://HOST:PORT/PATH, of at most 1000 characters");
}

bool read_mesh(const Node& n, Wish& w, Refusal& r) {
  const Words known = {"nodes",    "shells",          "negative",       "separator",
                       "positive", "shells_negative", "shells_positive"};
  if (!r.keys(n, n.key, known)) return false;
  sim::Mesh mesh;
  const auto read = [&](const char* key, std::initializer_list<int*> into) {
    const Node* value = n.find(key);
    int count = 0;
    if (!value) return true;
    if (!r.whole(*value, n.key + "." + key, 2, 10'000, count)) return false;
    for (int* out : into) *out = count;
    return true;
  };
  const bool is_read = read("nodes", {&mesh.negative, &mesh.separator, &mesh.positive}) &&
                       read("shells", {&mesh.shells_negative, &mesh.shells_positive}) &&
                       read("negative", {&mesh.negative}) && read("separator", {&mesh.separator}) &&
                       read("positive", {&mesh.positive}) &&
                       read("shells_negative", {&mesh.shells_negative}) &&
                       read("shells_positive", {&mesh.shells_positive});
  if (is_read) w.mesh = mesh;
  return is_read;
}

// clang-format off
const RequestField kFields[] = {
  {"id", Form::both, "text or whole number", "made by the service", "Comes back with every answer; part of the job's topic.", nullptr, read_id},
  {"transaction", Form::both, "text or number", "", "Over MQTT: comes back in the answer, as with every request.", nullptr,
    [](const Node&, Wish&, Refusal&) { return true; }},
  {"simulationType", Form::original, "`cell` or `driveCycle`", "", "Makes a request one of the original's form.", "simulation_type", read_type},
  {"time", Form::original, "number, h", "1", "Of `cell`: how long the current flows at most. 100 equally spaced rows.", nullptr,
    [](const Node& n, Wish& w, Refusal& r) { return optional_number(n, 0, kMost, "h", w.hours, r); }},
  {"upperVoltage", Form::original, "number, V", "4.2", "Ends the run when reached.", "upper_v", volts<&Wish::upper_v>},
  {"lowerVoltage", Form::original, "number, V", "2.5", "Ends the run when reached.", "lower_v", volts<&Wish::lower_v>},
  {"controlCurrent", Form::original, "number, A", "5", "Of `cell`: the current, positive when discharging.", "experiment",
    [](const Node& n, Wish& w, Refusal& r) { return optional_number(n, -kMost, kMost, "A", w.current_a, r); }},
  {"nominalCell", Form::original, "number, Ah", "8.6", "Without effect, as in the original, unless `scaleNominal` is true.", nullptr,
    [](const Node& n, Wish& w, Refusal& r) { return optional_number(n, 0, 1e5, "Ah", w.nominal_ah, r); }},
  {"scaleNominal", Form::original, "true or false", "false", "The cell has the capacity `nominalCell`: its area grows with it.", nullptr,
    [](const Node& n, Wish& w, Refusal& r) { return r.flag(n, n.key, w.scales_nominal); }},
  {"model", Form::richer, "`spm`, `spme`, `dfn`, `spm_rc`, `ecm_1rc`, `ecm_2rc` or `ecm`", "dfn", "`ecm` is `ecm_2rc`.", "model", read_model},
  {"parameters", Form::richer, "text or object", "chen2020", "The name of a parameter set, or a set itself: our form as JSON, or BPX.", "parameters", keep<&Wish::parameters>},
  {"overrides", Form::richer, "object", "", "Other numbers for single quantities of the set: `{\"negative.porosity\": 0.3}`.", nullptr, keep<&Wish::overrides>},
  {"nominal_ah", Form::richer, "number, Ah", "the set's", "The cell has this capacity: its area grows with it, and 1C is this current.", nullptr,
    [](const Node& n, Wish& w, Refusal& r) { return optional_number(n, 1e-6, 1e5, "Ah", w.nominal_ah, r); }},
  {"experiment", Form::richer, "text or list", "", "Steps; see below. One of `experiment`, `current_a` and `cycle` is needed.", "experiment", keep<&Wish::experiment>},
  {"current_a", Form::richer, "number, A", "", "A constant current, positive when discharging, until a voltage limit or for `hours`.", nullptr,
    [](const Node& n, Wish& w, Refusal& r) { return optional_number(n, -kMost, kMost, "A", w.current_a, r); }},
  {"hours", Form::richer, "number, h", "until a limit", "With `current_a`.", nullptr,
    [](const Node& n, Wish& w, Refusal& r) { return optional_number(n, 0, kMost, "h", w.hours, r); }},
  {"cycle", Form::richer, "text or object", "", "A drive cycle: the name of one, CSV text (time in s, current in A), or `{\"time_s\": [...], \"current_a\": [...]}`; linear between its points.", nullptr, keep<&Wish::cycle>},
  {"cycle_sign", Form::richer, "`discharge_positive` or `charge_positive`", "discharge_positive", "Of the currents in cycles.", nullptr,
    [](const Node& n, Wish& w, Refusal& r) { int at = 0; const bool good = r.word(n, n.key, {"discharge_positive", "charge_positive"}, at); w.is_charge_positive = at == 1; return good; }},
  {"repeat", Form::richer, "whole number", "1", "The whole experiment so many times.", "cycles",
    [](const Node& n, Wish& w, Refusal& r) { return r.whole(n, n.key, 1, 100'000, w.cycles); }},
  {"soc", Form::richer, "number", "1", "State of charge at the start, 0 to 1.", "soc",
    [](const Node& n, Wish& w, Refusal& r) { return optional_number(n, 0, 1, "", w.soc, r); }},
  {"start_voltage_v", Form::richer, "number, V", "", "Instead of `soc`: the open-circuit voltage at the start.", nullptr, volts<&Wish::start_voltage_v>},
  {"temperature_c", Form::richer, "number, C", "25", "Of the cell at the start.", "temperature_k", celsius<&Wish::temperature_c>},
  {"ambient_c", Form::richer, "number, C", "`temperature_c`", "Around the cell, where `thermal` is true.", "ambient_k", celsius<&Wish::ambient_c>},
  {"thermal", Form::richer, "true or false", "false", "The cell warms up (one temperature); otherwise it stays at `temperature_c`.", nullptr,
    [](const Node& n, Wish& w, Refusal& r) { return r.flag(n, n.key, w.is_thermal); }},
  {"lower_v", Form::richer, "number, V", "the set's", "Ends the run when reached.", "lower_v", volts<&Wish::lower_v>},
  {"upper_v", Form::richer, "number, V", "the set's", "Ends the run when reached.", "upper_v", volts<&Wish::upper_v>},
  {"at_limit", Form::richer, "`stop`, `clamp` or `ignore`", "stop", "What a cycle does at a voltage limit: end the run, hold the voltage while the cycle wants beyond it, go on.", nullptr,
    [](const Node& n, Wish& w, Refusal& r) { return r.word(n, n.key, {"stop", "clamp", "ignore"}, w.at_limit); }},
  {"step_s", Form::richer, "number, s", "10; with `cycle`, its times", "Between rows; 0: every step of the solver.", "step_s",
    [](const Node& n, Wish& w, Refusal& r) { return optional_number(n, 0, 1e9, "s", w.step_s, r); }},
  {"times_s", Form::richer, "list of numbers, s", "", "Instead of `step_s`: rows exactly then, counted from the start.", "row_times_s",
    [](const Node& n, Wish& w, Refusal& r) { return r.numbers(n, n.key, w.times_s); }},
  {"outputs", Form::richer, "list of texts", "the usual columns", "Columns; see below.", "columns",
    [](const Node& n, Wish& w, Refusal& r) { return r.texts(n, n.key, w.outputs); }},
  {"mesh", Form::richer, "object", "20 nodes, 20 shells", "`nodes` and `shells`, or `negative`, `separator`, `positive`, `shells_negative`, `shells_positive`.", "mesh", read_mesh},
  {"preset", Form::both, "`fast` or `exact`", "exact", "Time error of the voltage: at most 0.5 mV or 0.1 mV.", nullptr,
    [](const Node& n, Wish& w, Refusal& r) { return r.word(n, n.key, {"fast", "exact"}, w.preset); }},
  {"priority", Form::both, "whole number", "0", "-10 to 10; higher goes first.", nullptr,
    [](const Node& n, Wish& w, Refusal& r) { return r.whole(n, n.key, -10, 10, w.priority); }},
  {"time_limit_s", Form::both, "number, s", "the service's", "Of calculation.", nullptr,
    [](const Node& n, Wish& w, Refusal& r) { return r.number(n, n.key, 0.001, kMost, "s", w.time_limit_s); }},
  {"callback", Form::both, "text", "", "A URL that is told when the job is over.", nullptr, read_callback},
  {"format", Form::both, "`json` or `csv`", "json", "Of the rows.", nullptr,
    [](const Node& n, Wish& w, Refusal& r) { return r.word(n, n.key, {"json", "csv"}, w.format); }},
};
// clang-format on

bool belongs(const RequestField& field, bool is_original) {
  return field.form == Form::both || (field.form == Form::original) == is_original;
}

bool unknown_field(const std::string& key, bool is_original, Refusal& refusal) {
  Words known;
  for (const RequestField& field : kFields)
    if (belongs(field, is_original)) known.emplace_back(field.name);
  std::string field = key.substr(0, 64);
  if (request_field(key, !is_original))
    return refusal.because(std::move(field),
                           is_original
                               ? "does not go with simulationType; leave one of them out"
                               : "only goes with simulationType, \"cell\" or \"driveCycle\"");
  const std::string near = config::nearest(key, known);
  return refusal.because(std::move(field),
                         near.empty() ? "is not known; there are " + config::join(known, "and")
                                      : "is not known; did you mean " + near + "?");
}

void append_table(std::string& text, bool is_original) {
  text += "| field | type | default | meaning |\n|---|---|---|---|\n";
  for (const RequestField& f : kFields)
    if (belongs(f, is_original))
      text += fmt::format("| `{}` | {} | {} | {} |\n", f.name, f.type, f.fallback, f.help);
}

}  // namespace

std::span<const RequestField> request_fields() { return kFields; }

const RequestField* request_field(std::string_view name, bool is_original) {
  const auto* const found = std::find_if(
      std::begin(kFields), std::end(kFields),
      [&](const RequestField& field) { return field.name == name && belongs(field, is_original); });
  return found == std::end(kFields) ? nullptr : found;
}

bool read_fields(const Node& tree, bool is_inlined, Wish& wish, Refusal& refusal) {
  const bool is_original = tree.find("simulationType") != nullptr;
  for (const Node& entry : tree.items) {
    if (is_inlined && !is_original && entry.key == "cycles") {
      wish.cycles_by_name = &entry;
      continue;
    }
    const bool is_put_in = is_inlined && (entry.key == "parameters" || entry.key == "cycle");
    const RequestField* field = request_field(entry.key, is_original && !is_put_in);
    if (!field) return unknown_field(entry.key, is_original, refusal);
    if (!field->read(entry, wish, refusal)) return false;
  }
  return true;
}

std::string callers_name(std::string_view name, const Wish& wish) {
  const bool is_original = !wish.simulation_type.empty();
  if (name == "experiment" && is_original && wish.simulation_type == "driveCycle")
    return "simulationType";
  if (name == "experiment" && !is_original && !wish.experiment)
    return wish.cycle ? "cycle" : "current_a";
  for (const RequestField& field : kFields)
    if (field.checked_as && field.checked_as == name && belongs(field, is_original))
      return field.name;
  return std::string(name);
}

std::string request_reference() {
  std::string text = "The richer form:\n\n";
  append_table(text, false);
  text += "\nThe original's form:\n\n";
  append_table(text, true);
  return text;
}

}  // namespace b2m::app
