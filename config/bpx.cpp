// SPDX-License-Identifier: MIT
// Keys, units and definitions of BPX 0.x and 1.x as of the published standard
// (github.com/FaradayInstitution/BPX); docs/simulation-jobs.md tells what is used and what is not.
#include "config/bpx.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "config/suggest.hpp"
#include "gateway/sim/cell/cell_set.hpp"

namespace b2m::config {

namespace {

/// A key of BPX that is one of our quantities, in the same unit.
struct Same {
  const char* bpx;
  const char* ours;
  const char* unit;
};
// clang-format off
constexpr Same kCell[] = {
  {"Nominal cell capacity [A.h]", "nominal_capacity", "Ah"},
  {"Lower voltage cut-off [V]",   "cutoff_lower",     "V"},
  {"Upper voltage cut-off [V]",   "cutoff_upper",     "V"},
};
constexpr Same kElectrode[] = {
  {"Thickness [m]",                  "thickness",              "m"},
  {"Porosity",                       "porosity",               "1"},
  {"Transport efficiency",           "transport_efficiency",   "1"},
  {"Conductivity [S.m-1]",           "conductivity",           "S/m"},
  {"Particle radius [m]",            "particle_radius",        "m"},
  {"Maximum concentration [mol.m-3]", "concentration_max",     "mol/m3"},
  {"Diffusivity [m2.s-1]",           "diffusivity",            "m2/s"},
  {"Diffusivity activation energy [J.mol-1]", "diffusivity_activation", "J/mol"},
  {"OCP [V]",                        "potential",              "V"},
  {"Entropic change coefficient [V.K-1]", "entropic_change",   "V/K"},
  {"Reaction rate constant activation energy [J.mol-1]", "exchange_current_activation", "J/mol"},
};
constexpr Same kSeparator[] = {
  {"Thickness [m]",        "thickness",            "m"},
  {"Porosity",             "porosity",             "1"},
  {"Transport efficiency", "transport_efficiency", "1"},
};
constexpr Same kElectrolyte[] = {
  {"Cation transference number",                 "transference_number",     "1"},
  {"Diffusivity [m2.s-1]",                       "diffusivity",             "m2/s"},
  {"Diffusivity activation energy [J.mol-1]",    "diffusivity_activation",  "J/mol"},
  {"Conductivity [S.m-1]",                       "conductivity",            "S/m"},
  {"Conductivity activation energy [J.mol-1]",   "conductivity_activation", "J/mol"},
};
/// Keys that are worked into others, by section; those of "" stand at the top.
struct Handled {
  const char* section;
  std::vector<std::string> keys;
};
const Handled kHandled[] = {
  {"", {"Header", "Parameterisation", "State"}},
  {"Parameterisation", {"Cell", "Electrolyte", "Negative electrode", "Positive electrode", "Separator"}},
  {"Cell", {"Electrode area [m2]", "Number of electrode pairs connected in parallel to make a cell", "External surface area [m2]", "Volume [m3]", "Density [kg.m-3]", "Specific heat capacity [J.K-1.kg-1]", "Reference temperature [K]", "Ambient temperature [K]"}},
  {"Electrolyte", {"Initial concentration [mol.m-3]"}},
  {"Electrode", {"Minimum stoichiometry", "Maximum stoichiometry", "Surface area per unit volume [m-1]", "Reaction rate constant [mol.m-2.s-1]"}},
  {"State", {"Initial conditions", "Thermal environment", "Thermal state"}},
  {"Initial conditions", {"Initial electrolyte concentration [mol.m-3]"}},
  {"Thermal environment", {"Ambient temperature [K]", "Heat transfer coefficient [W.m-2.K-1]"}},
  {"Header", {"BPX", "Title", "Model", "Description", "References"}},
};
struct Reason {
  const char* key;
  const char* why;
};
constexpr Reason kReasons[] = {
  {"Validation", "measured curves are no parameters"},
  {"User-defined", "what it means is the author's alone"},
  {"Degradation", "the models do not age"},
  {"Initial temperature [K]", "the job says the start temperature"},
  {"Initial state-of-charge", "the job says the start state of charge"},
  {"Thermal conductivity [W.m-1.K-1]", "the cell is one lump of heat"},
  {"OCP (delithiation) [V]", "the models have one potential and no hysteresis"},
  {"OCP (lithiation) [V]", "the models have one potential and no hysteresis"},
  {"OCP hysteresis decay constant", "the models have no hysteresis"},
  {"Initial hysteresis state: Positive electrode", "the models have no hysteresis"},
  {"Initial hysteresis state: Negative electrode", "the models have no hysteresis"},
};
// clang-format on
constexpr double kUsualHeatTransfer = 10;  // W/(m2 K), still air

class Converter {
 public:
  Converter(const Node& file, Mistakes& mistakes, std::vector<std::string>& notes)
      : file_(file), mistakes_(mistakes), notes_(notes) {}

  std::optional<Node> convert() {
    const Node* parts = table(file_, "Parameterisation");
    if (!parts) return std::nullopt;
    read_state();
    Node set(Node::Kind::table);
    const Node* header = file_.find("Header");
    const Node* title = header ? header->find("Title") : nullptr;
    if (title && title->is(Node::Kind::text)) set.add("title", node(title->text));
    const Node* electrolyte = table(*parts, "Electrolyte");
    if (electrolyte) add_electrolyte(set, *electrolyte);
    if (const Node* cell = table(*parts, "Cell")) add_cell(set, *cell);
    add_electrode(set, *parts, "Negative electrode", "negative");
    add_electrode(set, *parts, "Positive electrode", "positive");
    if (const Node* separator = table(*parts, "Separator"))
      copy(*separator, "Separator", kSeparator, set.add("separator", Node(Node::Kind::table)));
    if (mistakes_.empty()) add_rest_voltages(set, *parts);
    note_rest(file_, "", {});
    note_rest(*parts, "Parameterisation", {});
    if (!mistakes_.empty()) return std::nullopt;
    return set;
  }

 private:
  /// A section that must be there.
  const Node* table(const Node& in, const char* name) {
    const Node* found = in.find(name);
    if (found && found->is(Node::Kind::table)) return found;
    complain(fmt::format("the BPX section \"{}\" is missing", name),
             "sets for SPM alone have no electrolyte and cannot be used; export the whole set");
    return nullptr;
  }

  void read_state() {
    const Node* state = file_.find("State");
    if (!state || !state->is(Node::Kind::table)) return;
    start_ = state->find("Initial conditions");
    surroundings_ = state->find("Thermal environment");
    if (!surroundings_) surroundings_ = state->find("Thermal state");
    note_rest(*state, "State", {});
    if (start_) note_rest(*start_, "Initial conditions", {});
    if (surroundings_) note_rest(*surroundings_, "Thermal environment", {});
  }

  void add_electrolyte(Node& set, const Node& from) {
    Node& to = set.add("electrolyte", Node(Node::Kind::table));
    copy(from, "Electrolyte", kElectrolyte, to);
    salt_ = number(start_, "Initial electrolyte concentration [mol.m-3]");
    if (!salt_) salt_ = number(&from, "Initial concentration [mol.m-3]");
    if (!salt_) {
      salt_ = 1000;
      notes_.emplace_back("no initial electrolyte concentration: 1000 mol/m3 is taken");
    }
    add_number(to, "concentration_start", *salt_, "mol/m3");
  }

  void add_cell(Node& set, const Node& from) {
    Node& to = set.add("cell", Node(Node::Kind::table));
    copy(from, "Cell", kCell, to);
    const double area = need(from, "Cell", "Electrode area [m2]");
    const double pairs =
        number(&from, "Number of electrode pairs connected in parallel to make a cell").value_or(1);
    add_number(to, "area", area * pairs, "m2");
    const double reference =
        number(&from, "Reference temperature [K]").value_or(sim::kReferenceTemperature_k);
    if (std::abs(reference - sim::kReferenceTemperature_k) > 0.5)
      complain(fmt::format("the BPX reference temperature is {} K", reference),
               "numbers for 298.15 K are needed; convert them with their activation energies");
    add_thermal(set, from);
  }

  void add_thermal(Node& set, const Node& cell) {
    const auto density = number(&cell, "Density [kg.m-3]");
    const auto heat = number(&cell, "Specific heat capacity [J.K-1.kg-1]");
    const auto volume = number(&cell, "Volume [m3]");
    const auto surface = number(&cell, "External surface area [m2]");
    if (!density || !heat || !volume || !surface) {
      notes_.emplace_back(
          "no thermal data (volume, surface, density, specific heat): isothermal runs only");
      return;
    }
    auto transfer = number(surroundings_, "Heat transfer coefficient [W.m-2.K-1]");
    if (!transfer) {
      transfer = kUsualHeatTransfer;
      notes_.emplace_back("no heat transfer coefficient: 10 W/(m2 K), still air, is taken");
    }
    auto ambient = number(surroundings_, "Ambient temperature [K]");
    if (!ambient) ambient = number(&cell, "Ambient temperature [K]");
    Node& to = set.add("thermal", Node(Node::Kind::table));
    add_number(to, "heat_capacity", *density * *heat * *volume, "J/K");
    add_number(to, "cooling", *surface * *transfer, "W/K");
    add_number(to, "ambient", ambient.value_or(sim::kReferenceTemperature_k), "K");
  }

  void add_electrode(Node& set, const Node& parts, const char* name, const char* ours) {
    const Node* from = table(parts, name);
    if (!from) return;
    if (from->find("Particle"))
      return complain(
          fmt::format("\"{}\" is a blend of several kinds of particles", name),
          "the models have one kind of particle; fit one set of effective particles for it");
    Node& to = set.add(ours, Node(Node::Kind::table));
    copy(*from, "Electrode", kElectrode, to, name);
    const double radius = need(*from, name, "Particle radius [m]");
    const double surface = need(*from, name, "Surface area per unit volume [m-1]");
    const double most = need(*from, name, "Maximum concentration [mol.m-3]");
    const double rate = need(*from, name, "Reaction rate constant [mol.m-2.s-1]");
    add_number(to, "active_fraction", surface * radius / 3, "1");
    // BPX: j0 = F k sqrt(c_e/c_e0 c/c_max (1 - c/c_max)); ours has the concentrations themselves.
    if (salt_ && *salt_ > 0 && most > 0)
      add_number(to, "exchange_current", sim::kFaraday * rate / (std::sqrt(*salt_) * most),
                 "A/m2 (m3/mol)^1.5");
    // A full cell: the negative electrode at its most, the positive one at its least.
    const bool is_negative = std::string_view(ours) == "negative";
    const double full =
        need(*from, name, is_negative ? "Maximum stoichiometry" : "Minimum stoichiometry");
    need(*from, name, is_negative ? "Minimum stoichiometry" : "Maximum stoichiometry");
    add_number(to, "concentration_start", full * most, "mol/m3");
  }

  static std::vector<double> numbers(const Node& list) {
    std::vector<double> values;
    for (const Node& item : list.items)
      values.push_back(item.is(Node::Kind::integer) ? static_cast<double>(item.integer)
                                                    : item.number);
    return values;
  }

  /// Not a number where it cannot be told; the reader of the set says why.
  static double potential(const Node& electrode, const char* at) {
    const Node* ocp = electrode.find("OCP [V]");
    const auto stoichiometry = number(&electrode, at);
    if (!ocp || !stoichiometry) return std::nan("");
    Result<sim::Function> function = Errc::malformed;
    if (ocp->is(Node::Kind::text)) function = sim::Function::parse(ocp->text);
    if (ocp->find("x") && ocp->find("y"))
      function = sim::Function::table(numbers(*ocp->find("x")), numbers(*ocp->find("y")));
    return function ? (*function)(*stoichiometry) : std::nan("");
  }

  /// SoC 0 and 1 stand where the stoichiometries say. The standard wants them within 1 mV of the
  /// cut-off voltages; where they are further away, they count.
  void add_rest_voltages(Node& set, const Node& parts) {
    const Node* negative = parts.find("Negative electrode");
    const Node* positive = parts.find("Positive electrode");
    const Node* cell = parts.find("Cell");
    const char* const least = "Minimum stoichiometry";
    const char* const most = "Maximum stoichiometry";
    const double full = potential(*positive, least) - potential(*negative, most);
    const double empty = potential(*positive, most) - potential(*negative, least);
    add_rest_voltage(set, "ocv_full", full, need(*cell, "Cell", "Upper voltage cut-off [V]"));
    add_rest_voltage(set, "ocv_empty", empty, need(*cell, "Cell", "Lower voltage cut-off [V]"));
  }

  void add_rest_voltage(Node& set, const char* key, double ocv_v, double cutoff_v) {
    constexpr double kTolerance_v = 1e-3;
    if (!std::isfinite(ocv_v) || std::abs(ocv_v - cutoff_v) <= kTolerance_v) return;
    const auto cell = std::find_if(set.items.begin(), set.items.end(),
                                   [](const Node& n) { return n.key == "cell"; });
    add_number(*cell, key, ocv_v, "V");
    notes_.push_back(fmt::format("{} is {:.4f} V, as the stoichiometries say, not the cut-off {} V",
                                 key, ocv_v, cutoff_v));
  }

  template <std::size_t n>
  void copy(const Node& from, const char* section, const Same (&rows)[n], Node& to,
            const char* shown = nullptr) {
    std::vector<std::string> used;
    for (const Same& row : rows) {
      used.emplace_back(row.bpx);
      const Node* value = from.find(row.bpx);
      if (!value) continue;
      const Node* x = value->find("x");
      const Node* y = value->find("y");
      Node& quantity = to.add(row.ours, Node(Node::Kind::table));
      quantity.add("unit", node(std::string(row.unit)));
      if (x) quantity.add("x", *x);
      if (y) quantity.add("y", *y);
      if (!x && !y) quantity.add("value", *value);
    }
    note_rest(from, section, used, shown);
  }

  static void add_number(Node& to, const char* key, double value, const char* unit) {
    Node& quantity = to.add(key, Node(Node::Kind::table));
    quantity.add("value", node(value));
    quantity.add("unit", node(std::string(unit)));
  }

  static std::optional<double> number(const Node* in, const char* key) {
    const Node* value = in ? in->find(key) : nullptr;
    if (value && value->is(Node::Kind::integer)) return static_cast<double>(value->integer);
    if (value && value->is(Node::Kind::number)) return value->number;
    return std::nullopt;
  }

  /// 0, with a complaint, where it is not there.
  double need(const Node& in, const char* section, const char* key) {
    const auto value = number(&in, key);
    if (!value)
      complain(
          fmt::format("\"{}\" of the BPX section \"{}\" is missing or no number", key, section));
    return value.value_or(0);
  }

  /// Tells of every key that nothing reads.
  void note_rest(const Node& section, const std::string& name, const std::vector<std::string>& used,
                 const char* shown = nullptr) {
    const auto* const handled =
        std::find_if(std::begin(kHandled), std::end(kHandled),
                     [&name](const Handled& h) { return h.section == name; });
    for (const Node& entry : section.items) {
      const auto is_it = [&entry](const std::string& key) { return key == entry.key; };
      const bool is_used = std::any_of(used.begin(), used.end(), is_it) ||
                           (handled != std::end(kHandled) &&
                            std::any_of(handled->keys.begin(), handled->keys.end(), is_it)) ||
                           (name == "Electrode" && entry.key == "Particle");
      if (is_used) continue;
      const auto* const reason =
          std::find_if(std::begin(kReasons), std::end(kReasons),
                       [&entry](const Reason& r) { return r.key == entry.key; });
      const std::string in = shown ? shown : name;
      notes_.push_back(fmt::format(
          "\"{}\"{} is ignored because {}", entry.key, in.empty() ? "" : " of \"" + in + "\"",
          reason == std::end(kReasons) ? "BPX has no such key that the models know" : reason->why));
    }
  }

  void complain(std::string what, std::string hint = {}) {
    mistakes_.push_back({.place = file_.place, .what = std::move(what), .hint = std::move(hint)});
  }

  const Node& file_;
  Mistakes& mistakes_;
  std::vector<std::string>& notes_;
  const Node* start_ = nullptr;
  const Node* surroundings_ = nullptr;
  std::optional<double> salt_;
};

}  // namespace

bool is_bpx(const Node& tree) { return tree.find("Parameterisation") != nullptr; }

std::optional<Node> from_bpx(const Node& tree, Mistakes& mistakes,
                             std::vector<std::string>& notes) {
  return Converter(tree, mistakes, notes).convert();
}

}  // namespace b2m::config
