// SPDX-License-Identifier: MIT
// The fields of a simulation request: one list for reading, messages and documentation.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/node.hpp"
#include "gateway/app/simulation/request.hpp"

namespace b2m::app {

/// What a request asks for, field by field; what refers to others is looked at afterwards.
struct Wish {
  std::string id, id_json;
  std::string simulation_type;  // of the original form; empty: the richer one
  std::string callback;
  bool scales_nominal = false, is_thermal = false, is_charge_positive = false;
  std::optional<double> hours, upper_v, lower_v, nominal_ah, current_a;
  std::optional<double> soc, start_voltage_v, temperature_c, ambient_c, step_s;
  int model = 2;     // dfn
  int preset = 1;    // exact
  int at_limit = 0;  // stop
  int format = 0;    // json
  int priority = 0, cycles = 1;
  double time_limit_s = 0;
  std::vector<double> times_s;
  std::vector<std::string> outputs;
  std::optional<sim::Mesh> mesh;
  const config::Node* parameters = nullptr;
  const config::Node* overrides = nullptr;
  const config::Node* experiment = nullptr;
  const config::Node* cycle = nullptr;
  const config::Node* cycles_by_name = nullptr;  // of the steps; only where names were put in
};

/// The first thing that is wrong; what follows is not looked at.
class Refusal {
 public:
  /// Returns false, for `return refusal.because(...)`.
  bool because(std::string field, std::string text);
  [[nodiscard]] bool is_set() const { return !error_.text.empty(); }
  [[nodiscard]] const RequestError& error() const { return error_; }

  // Of a value: false, with the reason, where it is something else. Bounds are allowed themselves.
  bool number(const config::Node& node, const std::string& field, double low, double high,
              std::string_view unit, double& out);
  bool whole(const config::Node& node, const std::string& field, int low, int high, int& out);
  bool flag(const config::Node& node, const std::string& field, bool& out);
  bool text(const config::Node& node, const std::string& field, std::string& out);
  bool word(const config::Node& node, const std::string& field,
            const std::vector<std::string>& words, int& out);
  bool numbers(const config::Node& node, const std::string& field, std::vector<double>& out);
  bool texts(const config::Node& node, const std::string& field, std::vector<std::string>& out);
  /// Every key of the table is one of `known`.
  bool keys(const config::Node& table, const std::string& field,
            const std::vector<std::string>& known);

 private:
  RequestError error_;
};

struct RequestField {
  enum class Form { original, richer, both };
  const char* name;
  Form form;
  const char* type;
  const char* fallback;  // in words; empty: none
  const char* help;
  /// As sim::check() calls it; null: not at all.
  const char* checked_as;
  bool (*read)(const config::Node& node, Wish& wish, Refusal& refusal);
};

std::span<const RequestField> request_fields();
/// Null where the form has no such field.
const RequestField* request_field(std::string_view name, bool is_original);
/// Reads every field of the tree; false with the first that is wrong. `is_inlined`: the tree has
/// been through inline_names().
bool read_fields(const config::Node& tree, bool is_inlined, Wish& wish, Refusal& refusal);
/// What the caller calls that which sim::check() calls `name`; `name` itself where he has no word.
std::string callers_name(std::string_view name, const Wish& wish);

/// The fields as tables of Markdown, for docs/simulation-jobs.md.
std::string request_reference();

}  // namespace b2m::app
