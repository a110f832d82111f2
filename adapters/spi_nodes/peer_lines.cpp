// SPDX-License-Identifier: MIT
#include "adapters/spi_nodes/peer_lines.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace b2m::spi_nodes::peer {
namespace {

// Where a fault names no value.
constexpr double kNoise = 0.01, kFastestClock_hz = 5000, kVolts = 4.5, kCelsius = 75;

}  // namespace

Lines::Lines(const NodesPeerSettings& settings, NodesSay say)
    : settings_(settings), say_(std::move(say)), random_(settings.seed) {}

void Lines::add(const NodeWiring& wiring, std::unique_ptr<NodeCell> cell) {
  const std::size_t number = boards_.size() + 1;
  const auto tell = [this, number](const std::string& what) {
    if (say_) say_(fmt::format("node id={} node={} {}", settings_.id, number, what));
  };
  boards_.push_back(std::make_unique<Board>(wiring, settings_, std::move(cell), tell));
  for (const auto& board : boards_)
    board->share(std::ranges::count_if(boards_, [&](const auto& other) {
                   return other->wiring().select == board->wiring().select;
                 }) > 1);
  apply_faults();
}

// Events in their order: nodes on one bench must not run ahead of each other.
void Lines::advance_to(SteadyTime now) {
  if (faults_.forget_old(now)) apply_faults();
  for (;;) {
    SteadyTime event = SteadyTime::max();
    for (const auto& board : boards_) event = std::min(event, board->next());
    if (event > now) break;
    for (const auto& board : boards_) board->advance_to(std::max(event, now_));
  }
  for (const auto& board : boards_) board->advance_to(now);
  now_ = now;
}

std::vector<std::uint8_t> Lines::exchange(std::uint8_t select, Bytes mosi, SteadyTime now,
                                          int clock_hz) {
  advance_to(now);
  ++exchanges_;
  std::vector<Listener> all = listeners(select, mosi.size() * 8, clock_hz);
  for (const Listener& l : all) boards_[l.place]->select(now);
  std::vector<std::uint8_t> miso(mosi.size());
  for (std::size_t bit = 0; bit < mosi.size() * 8; ++bit) {
    const bool out = (mosi[bit / 8] >> (7 - bit % 8) & 1) != 0;
    const bool in = pass(all, bit, out);
    miso[bit / 8] = static_cast<std::uint8_t>(miso[bit / 8] << 1 | (in ? 1 : 0));
  }
  for (const Listener& l : all) boards_[l.place]->deselect();
  return miso;
}

// Open collectors with a pull-up: whoever says 0 wins, and nobody is 1.
bool Lines::pass(std::vector<Listener>& all, std::size_t bit, bool mosi) {
  bool line = true;
  for (Listener& l : all) {
    if (const auto bit_of = said(l, mosi); bit_of && !*bit_of) line = false;
    const bool heard = chance(l.noise) ? !mosi : mosi;
    if (l.lost_edge != bit) boards_[l.place]->clock(heard);
    if (l.extra_edge == bit) boards_[l.place]->clock(heard);
  }
  return line;
}

std::optional<bool> Lines::said(Listener& l, bool mosi) {
  if (l.stuck) return l.stuck;
  if (l.is_echo) return mosi;
  std::optional<bool> now = boards_[l.place]->miso();
  const bool level = std::exchange(l.last, now.value_or(true));
  if (l.is_late && now) now = level;
  if (now && l.is_inverted) now = !*now;
  if (chance(l.noise)) now = !now.value_or(true);
  return now;
}

/// Which node stands where another one is wired to.
std::size_t Lines::place_at(std::size_t wired) const {
  const int number = static_cast<int>(wired) + 1;
  std::size_t place = wired;
  faults_.each(NodeFaultKind::mirrored,
               [&](const NodeFault&) { place = boards_.size() - 1 - wired; });
  faults_.each(NodeFaultKind::swapped, [&](const NodeFault& f) {
    const int other = static_cast<int>(f.value.value_or(f.node + 1));
    if (number == f.node) place = static_cast<std::size_t>(other) - 1;
    if (number == other) place = static_cast<std::size_t>(f.node) - 1;
  });
  faults_.each(NodeFaultKind::wrong_node, [&](const NodeFault& f) {
    if (number == static_cast<int>(f.value.value_or(f.node + 1)))
      place = static_cast<std::size_t>(f.node) - 1;
  });
  return place;
}

std::vector<Lines::Listener> Lines::listeners(std::uint8_t select, std::size_t bits, int clock_hz) {
  std::vector<Listener> all;
  for (std::size_t wired = 0; wired < boards_.size(); ++wired) {
    if (boards_[wired]->wiring().select != select) continue;
    const std::size_t place = place_at(wired);
    if (std::ranges::find(all, place, &Listener::place) == all.end())
      all.push_back(listener(place, bits, clock_hz));
  }
  return all;
}

Lines::Listener Lines::listener(std::size_t place, std::size_t bits, int clock_hz) {
  Listener l;
  l.place = place;
  if (faults_.is_empty()) return l;
  const int node = static_cast<int>(place) + 1;
  l.lost_edge = edge(NodeFaultKind::bit_slip, node, bits);
  l.extra_edge = edge(NodeFaultKind::extra_edge, node, bits);
  if (const NodeFault* f = faults_.find(NodeFaultKind::noise, node))
    l.noise = f->value.value_or(kNoise);
  if (const NodeFault* f = faults_.find(NodeFaultKind::slow_edges, node))
    l.is_late = clock_hz > f->value.value_or(kFastestClock_hz);
  if (faults_.has(NodeFaultKind::stuck_high, node)) l.stuck = true;
  if (faults_.has(NodeFaultKind::stuck_low, node)) l.stuck = false;
  l.is_echo = faults_.has(NodeFaultKind::echo, node);
  l.is_inverted = faults_.has(NodeFaultKind::inverted, node);
  return l;
}

std::optional<std::size_t> Lines::edge(NodeFaultKind kind, int node, std::size_t bits) {
  const NodeFault* fault = faults_.find(kind, node);
  if (!fault) return std::nullopt;
  if (fault->value) return static_cast<std::size_t>(*fault->value);
  return static_cast<std::size_t>(random_() % std::max<std::size_t>(bits, 1));
}

// By hand: the library's distributions differ between libraries.
bool Lines::chance(double share) {
  return share > 0 && static_cast<double>(random_() >> 11) / 9007199254740992.0 < share;
}

bool Lines::inject(const NodeFault& fault, SteadyTime now) {
  const int count = static_cast<int>(boards_.size());
  if (fault.kind == NodeFaultKind::unplug || fault.node < 0 || fault.node > count) return false;
  const bool names_other =
      fault.kind == NodeFaultKind::swapped || fault.kind == NodeFaultKind::wrong_node;
  const double other = fault.value.value_or(fault.node + 1);
  if (names_other && (fault.node < 1 || other < 1 || other > count)) return false;
  advance_to(now);
  const bool is_short =
      fault.kind == NodeFaultKind::brown_out && fault.lasts == SteadyDuration::max();
  if (is_short) {
    for (int number = 1; number <= count; ++number)
      if (fault.node == 0 || fault.node == number)
        boards_[static_cast<std::size_t>(number) - 1]->restart();
    return true;
  }
  faults_.add(fault, now);
  apply_faults();
  return true;
}

void Lines::clear_faults() {
  faults_.clear();
  apply_faults();
}

bool Lines::is_on(std::size_t place) const {
  const int node = static_cast<int>(place) + 1;
  return !faults_.has(NodeFaultKind::dead, node) && !faults_.has(NodeFaultKind::brown_out, node);
}

void Lines::apply_faults() {
  for (std::size_t place = 0; place < boards_.size(); ++place) apply_to(place);
}

void Lines::apply_to(std::size_t place) {
  Board& board = *boards_[place];
  const int node = static_cast<int>(place) + 1;
  BoardFaults now;
  if (const NodeFault* f = faults_.find(NodeFaultKind::node_voltage, node))
    now.voltage = Volts(f->value.value_or(kVolts));
  if (const NodeFault* f = faults_.find(NodeFaultKind::node_temperature, node))
    now.temperature = Celsius(f->value.value_or(kCelsius));
  if (const NodeFault* f = faults_.find(NodeFaultKind::status, node))
    now.status = static_cast<std::uint8_t>(static_cast<int>(f->value.value_or(4)) & 0x0F);
  if (const NodeFault* f = faults_.find(NodeFaultKind::race, node))
    now.race = static_cast<std::size_t>(f->value.value_or(1));
  now.is_frozen = faults_.has(NodeFaultKind::frozen, node);
  now.is_sensor_open = faults_.has(NodeFaultKind::open_sensor, node);
  board.faults = now;
  board.power(is_on(place));
  board.answer_for(0);
  faults_.each(NodeFaultKind::wrong_node, [&](const NodeFault& f) {
    const auto other = static_cast<std::size_t>(f.value.value_or(f.node + 1));
    if (f.node == node) board.answer_for(boards_[other - 1]->address());
  });
}

}  // namespace b2m::spi_nodes::peer
