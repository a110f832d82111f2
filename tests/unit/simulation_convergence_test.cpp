// SPDX-License-Identifier: MIT
// Finer meshes and shorter steps lead to one answer. With B2M_UPDATE_GOLDEN the table in
// docs/simulation.md is written anew.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/cell_run.hpp"

namespace b2m::sim {
namespace {

/// RMS of the voltage against the converged run, in mV: a 1C discharge.
double off_converged(ModelKind model, int nodes, int shells) {
  auto reference =
      test::reference_run(fmt::format("fine_{}_1C_soc100", model == ModelKind::spm    ? "SPM"
                                                           : model == ModelKind::spme ? "SPMe"
                                                                                      : "DFN"));
  reference.input.mesh = {nodes, nodes, nodes, shells, shells};
  return test::compare(reference, run(reference.input).value()).rms_mv;
}

class FinerMesh : public testing::TestWithParam<ModelKind> {};

TEST_P(FinerMesh, MakesTheErrorSmallerTheFinerItIs) {
  if (test::reference_folder().empty()) GTEST_SKIP() << "../shared/data/simulation is missing";

  const double coarse = off_converged(GetParam(), 10, 10);
  const double usual = off_converged(GetParam(), 20, 20);
  const double fine = off_converged(GetParam(), 40, 40);

  EXPECT_LT(usual, 0.6 * coarse);
  EXPECT_LT(fine, 0.6 * usual);
  EXPECT_LT(fine, 1.3);  // half of the rows are in the first ten seconds
}

INSTANTIATE_TEST_SUITE_P(All, FinerMesh,
                         testing::Values(ModelKind::spm, ModelKind::spme, ModelKind::dfn));

/// A 1C discharge of 100 s from 80 % in equal steps of the solver: voltage at its end.
double end_voltage(ModelKind model, int steps) {
  SolverSettings settings;
  settings.soc = 0.8;
  auto solver = make_solver(model, test::chen2020(), settings).value();
  const Demand demand{Demand::Kind::current, 5, 5};
  solver->settle(demand);
  Attempt step;
  for (int i = 0; i < steps; ++i) {
    step = solver->attempt(100.0 / steps, demand);
    solver->accept();
  }
  return step.voltage_v;
}

class ShorterSteps : public testing::TestWithParam<ModelKind> {};

TEST_P(ShorterSteps, MakeAnErrorOfSecondOrder) {
  const double exact = end_voltage(GetParam(), 800);

  const double long_steps = std::abs(end_voltage(GetParam(), 20) - exact);
  const double short_steps = std::abs(end_voltage(GetParam(), 80) - exact);

  EXPECT_LT(long_steps, 1e-4);
  EXPECT_LT(short_steps, long_steps / 8 + 2e-7);
}

INSTANTIATE_TEST_SUITE_P(All, ShorterSteps,
                         testing::Values(ModelKind::spm, ModelKind::spme, ModelKind::dfn));

void write_table(const std::string& table) {
  const std::string begin =
      "<!-- convergence: made by tests/unit/simulation_convergence_test.cpp -->\n";
  const std::string path = B2M_SOURCE_DIR "/docs/simulation.md";
  std::ifstream file(path);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  const auto from = page.find(begin) + begin.size();
  std::ofstream(path) << page.substr(0, from) << table
                      << page.substr(page.find("<!-- end of convergence -->"));
}

void update_documentation() {
  std::string table =
      "1C discharge from 100 %, RMS of the voltage against PyBaMM's converged runs, mV, by the "
      "number of nodes in each "
      "domain\nand of shells:\n\n| model | 5 | 10 | 20 | 40 | 80 |\n|---|---|---|---|---|---|\n";
  for (const ModelKind model : {ModelKind::spm, ModelKind::spme, ModelKind::dfn}) {
    table += fmt::format("| {} |", kModelNames[static_cast<std::size_t>(model)]);
    for (const int count : {5, 10, 20, 40, 80})
      table += fmt::format(" {:.2f} |", off_converged(model, count, count));
    table += '\n';
  }
  table +=
      "\n100 s at 1C from 80 % in equal steps of the solver: difference of the last voltage from "
      "that with steps of 0.125 "
      "s, µV:\n\n| model | 10 s | 5 s | 2.5 s | 1.25 s |\n|---|---|---|---|---|\n";
  for (const ModelKind model : {ModelKind::spm, ModelKind::spme, ModelKind::dfn}) {
    table += fmt::format("| {} |", kModelNames[static_cast<std::size_t>(model)]);
    for (const int steps : {10, 20, 40, 80})
      table += fmt::format(" {:.2f} |",
                           1e6 * std::abs(end_voltage(model, steps) - end_voltage(model, 800)));
    table += '\n';
  }
  write_table(table);
}

/// The first number of a model's row in the page's table of meshes.
double in_documentation(ModelKind model) {
  std::ifstream in(B2M_SOURCE_DIR "/docs/simulation.md");
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  const std::string row = fmt::format("\n| {} | ", kModelNames[static_cast<std::size_t>(model)]);
  const auto at = page.find(row, page.find("<!-- convergence"));
  return at == std::string::npos ? NAN : std::stod(page.substr(at + row.size(), 20));
}

TEST(Convergence, IsWhatTheDocumentationSays) {
  if (test::reference_folder().empty()) GTEST_SKIP() << "../shared/data/simulation is missing";
  if (std::getenv("B2M_UPDATE_GOLDEN")) update_documentation();
  for (const ModelKind model : {ModelKind::spm, ModelKind::spme, ModelKind::dfn})
    EXPECT_NEAR(in_documentation(model), off_converged(model, 5, 5), 0.02);
}

}  // namespace
}  // namespace b2m::sim
