// SPDX-License-Identifier: MIT
// One measuring node per cell, on SPI: found, read, bled, calibrated. One conversation for all of
// them. Facts: docs/protocols/spi-cell-nodes.md.
#pragma once

#include <any>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/spi_nodes/estimate.hpp"
#include "adapters/spi_nodes/node.hpp"
#include "gateway/io/bell.hpp"

namespace b2m::spi_nodes {

inline constexpr std::string_view kPart = "cells";  // source = "ID/cells"

class SpiNodesAdapter final : public Adapter {
 public:
  SpiNodesAdapter(SpiNodesSettings settings, Resources& resources);
  ~SpiNodesAdapter() override;

  [[nodiscard]] std::vector<Offer> offers() const override;
  void bind(const Site& site, AdapterIndex self) override;
  void attach(Memory& memory) override;
  Awaitable<Result<>> run(Inbox& inbox) override;
  Awaitable<Result<>> execute(Order order) override;
  Awaitable<Result<std::string>> rescan() override;
  [[nodiscard]] std::vector<Counter> counters() const override;
  [[nodiscard]] std::vector<Detail> details() const override;

 private:
  struct Cell {  // a node, and what was said of it
    explicit Cell(std::unique_ptr<Node> n) : node(std::move(n)) {}
    std::unique_ptr<Node> node;
    SteadyTime next_probe{};
    bool is_lost = false;    // told: no answer
    bool is_warned = false;  // told: wrong
    bool is_paused = false;  // bleed stopped for the reading
    bool waits = false;      // for its cell to recover
    std::string said_text, said_state, said_calibration;
    std::string said_not_calibrated;
    std::optional<std::uint64_t> said_errors;
    std::optional<double> doubted_v;  // a calibration that must be asked for once more
    SteadyTime doubted_at{};
  };
  struct Job;  // an order that waits for its turn

  // adapter.cpp
  void add_node(const NodeSettings& settings);
  Line& line_for(const std::string& device);
  [[nodiscard]] bool may_bleed() const;
  [[nodiscard]] bool has_only(ProtocolChoice choice) const;
  void choose_limits(bool may_limit, bool may_bleed);
  Awaitable<Result<>> begin();
  Awaitable<Result<>> serve();
  Awaitable<Result<>> run_jobs();
  Result<> all_unreachable() const;

  // poll.cpp
  Awaitable<Result<>> cycle();
  Awaitable<Result<>> read_all();
  Awaitable<Result<>> probe(Cell& cell);
  Awaitable<Result<>> poll_line(Line& line, bool waits);
  Awaitable<Result<>> read_v2(Line& line, std::vector<Node*> wanted);
  Awaitable<Result<>> chore();
  Awaitable<Result<>> lose(Cell& cell);
  void explain_strangers();
  void find_twins();

  // bleed.cpp
  Awaitable<Result<>> pause_bleeds();
  Awaitable<Result<>> resume_bleeds();
  Awaitable<Result<>> set_bleed(Cell& cell, bool is_on);
  [[nodiscard]] std::uint16_t bleed_timeout_s(const Node& node) const;

  // orders.cpp
  void enqueue(const Order& order, const std::shared_ptr<Job>& job);
  Awaitable<Result<>> carry_out(Order order);
  Awaitable<Result<>> bleed(Cell& cell, double guard_s);
  Awaitable<Result<>> end_bleed(Cell& cell);
  Awaitable<Result<>> locate(Cell& cell);
  Awaitable<Result<>> find_all();
  Result<> calibrate(Cell& cell, double true_v);
  Result<> doubt(Cell& cell, double true_v, double now_v, double then_v);
  Result<> change_calibration(Cell& cell, Calibration next);

  // report.cpp
  void post_cells();
  void add_node_values(const Cell& cell, Report& report) const;
  void add_bleed(const Node& node, Report& report) const;
  void add_texts(Cell& cell, Report& report) const;
  void post_bleed(const Cell& cell);
  void post_missing(const Cell& cell);
  void post_note(const Cell& cell, std::string type, Severity severity, std::string message);
  void tell_troubles();
  void tell_trouble(Cell& cell);
  [[nodiscard]] std::string key_of(const Cell& cell, std::string_view what) const;
  [[nodiscard]] std::optional<TapReading> reading_of(const Cell& cell) const;

  SpiNodesSettings settings_;
  Executor executor_;
  Clock& clock_;
  OpenSpi open_spi_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::vector<Cell> cells_;  // in order of the cells
  std::optional<Target> target_;
  Memory* memory_ = nullptr;
  Inbox* inbox_ = nullptr;
  bool is_running_ = false;
  std::deque<std::shared_ptr<Job>> jobs_;
  Bell work_;  // something to do
  std::size_t next_chore_ = 0;
  SteadyTime next_chore_at_{};
  std::uint64_t cycles_ = 0, late_cycles_ = 0;
};

Result<std::unique_ptr<Adapter>> make_spi_nodes(const std::any& settings, Resources& resources);

}  // namespace b2m::spi_nodes
