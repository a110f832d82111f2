// SPDX-License-Identifier: MIT
#include "adapters/can/adapter.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "adapters/can/status_rows.hpp"
#include "gateway/io/can_error.hpp"

namespace b2m::can {
namespace {

constexpr std::size_t kBatch = 64;
constexpr auto kStatusInterval = std::chrono::seconds(1);
constexpr auto kErrorNoteInterval = std::chrono::seconds(1);
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// A number, or what the value table calls it. NaN: not to be had.
using Read = std::variant<double, std::string>;

Read read_signal(const Take& take, const DecodedSignal& d) {
  const auto raw = static_cast<std::int64_t>(d.raw);
  switch (take.type) {
    case ValueType::on_off:
      return d.raw != 0 ? 1.0 : 0.0;
    case ValueType::option: {
      const auto at = std::ranges::find(take.positions, raw, &std::pair<std::int64_t, int>::first);
      return at == take.positions.end() ? kUnknown : at->second;
    }
    case ValueType::text: {
      const auto at = std::ranges::find(take.names, raw, &DbcValue::raw);
      return at == take.names.end() ? fmt::format("{}", d.value) : at->name;
    }
    default:
      return d.value * take.conversion.scale + take.conversion.offset;
  }
}

}  // namespace

CanAdapter::CanAdapter(CanSettings settings, Profile profile, Resources& resources)
    : settings_(std::move(settings)),
      profile_(std::move(profile)),
      clock_(resources.clock),
      open_can_(resources.open_can),
      decoder_(profile_.dbc, profile_.exact_length),
      traffic_(static_cast<std::size_t>(settings_.unknown_ids_listed)) {
  for (const Part& part : profile_.parts) batteries_.emplace_back().part = part;
  for (const PointRow& row : kStatusRows) status_rows_.push_back(resources.points.add(row));
  outlets_.resize(profile_.destinations.size());
}

std::vector<Offer> CanAdapter::offers() const {
  std::vector<Offer> list = profile_.offers;
  const auto add = [&](const std::string& part, RowId row) -> Offer& {
    Offer& offer = list.emplace_back();
    offer.part = part;
    offer.row = row;
    return offer;
  };
  for (const Battery& b : batteries_) {
    if (b.part.error) add(b.part.id, point::bms_error);
    if (!commands(b) && !b.part.ack) continue;
    Offer& charging = add(b.part.id, point::charging.row);
    charging.commandable = commands(b);
    charging.optimistic = !b.part.ack;
    charging.refresh_s = b.part.repeat_s;
    charging.max_age_s = b.part.ack ? b.part.ack_max_age_s : 0;  // what we sent does not age
  }
  for (const RowId row : status_rows_) add("", row);
  return list;
}

void CanAdapter::bind(const Site& site, AdapterIndex self) {
  self_ = self;
  for (Battery& b : batteries_) {
    b.target = site.target(self, b.part.id);
    const Slot output = b.target ? site.slot(b.target->device, point::charging) : kNoSlot;
    b.is_allowed = output != kNoSlot && site.entity(output).writable;
  }
  for (std::size_t i = 0; i < outlets_.size(); ++i) {
    const Destination& to = profile_.destinations[i];
    const auto target = site.target(self, to.part, to.module);
    outlets_[i].is_used = target.has_value();
    outlets_[i].report = Report(target.value_or(Target{}));
  }
}

CanOpening CanAdapter::opening() const {
  CanOpening wanted{.interface = settings_.interface,
                    .bitrate_bps = settings_.bitrate_bps,
                    .restart_ms = settings_.restart_ms,
                    .configure = settings_.configure,
                    .listen_only = settings_.listen_only,
                    .serial_baud = settings_.serial_baud,
                    .replay_speed = settings_.replay_speed,
                    .replay_loop = settings_.replay_loop,
                    .filters = {}};
  if (!settings_.filter) return wanted;
  for (const DbcMessage& m : profile_.dbc.messages) wanted.filters.push_back({m.id, m.extended});
  for (const Battery& b : batteries_)
    for (const auto& id : {b.part.error, b.part.ack})
      if (id) wanted.filters.push_back({id->id, id->extended});
  return wanted;
}

bool CanAdapter::may_transmit() const {
  return settings_.charge_control && !settings_.listen_only &&
         !settings_.interface.starts_with("candump:");
}

bool CanAdapter::commands(const Battery& b) const {
  return settings_.charge_control && b.part.command.has_value();
}

Awaitable<Result<>> CanAdapter::run(Inbox& inbox) {
  struct Closing {  // also when we are cancelled
    std::shared_ptr<CanBus>& bus;
    ~Closing() { bus.reset(); }
  };
  inbox_ = &inbox;
  CanOpening wanted = opening();
  auto opened = co_await open_can_(std::move(wanted));
  if (!opened) co_return opened.error();
  const Closing closing{bus_};
  bus_ = std::move(*opened);
  is_off_ = bus_->status().state == CanState::bus_off;
  forget_charging();
  last_status_ = clock_.now();
  next_status_ = last_status_ + kStatusInterval;
  post_status(*bus_);
  co_await stop_charging();
  const auto result = co_await read_loop(bus_);
  forget_charging();
  co_return result;
}

Awaitable<Result<>> CanAdapter::read_loop(std::shared_ptr<CanBus> bus) {
  std::array<CanFrame, kBatch> frames;
  for (;;) {
    const auto count = co_await bus->receive(frames);
    if (!count) co_return count.error();
    take(std::span(frames).first(*count), *bus);
    if (owes_off()) co_await stop_charging();
  }
}

void CanAdapter::take(std::span<const CanFrame> frames, CanBus& bus) {
  for (const CanFrame& frame : frames) {
    traffic_.see(frame);
    if (frame.error)
      take_error_frame(frame, bus);
    else if (!frame.remote)
      take_data_frame(frame);
  }
  flush();
  if (clock_.now() >= next_status_) post_status(bus);
}

void CanAdapter::take_error_frame(const CanFrame& frame, CanBus& bus) {
  flush();  // what was said before stays before
  if (frame.id & can_error::kBusOff) bus_went_off();
  if (frame.id & can_error::kRestarted) {
    is_off_ = true;  // even when we were not told
    bus_came_back();
  }
  const bool is_news =
      (frame.id & (can_error::kBusOff | can_error::kRestarted | can_error::kController)) != 0;
  if (is_news) post_status(bus);
}

void CanAdapter::take_data_frame(const CanFrame& frame) {
  bus_came_back();
  decoded_.clear();
  const bool is_of_part = take_part_frame(frame);
  switch (decoder_.decode(frame, decoded_)) {
    case Decoding::decoded:
      traffic_.decoded(decoded_.size());
      for (const DecodedSignal& d : decoded_) take_signal(d);
      return;
    case Decoding::wrong_length:
      return traffic_.wrong_length(frame);
    case Decoding::unknown:
      if (!is_of_part) traffic_.unknown(frame);
  }
}

bool CanAdapter::take_part_frame(const CanFrame& frame) {
  bool is_ours = false;
  for (Battery& b : batteries_) {
    if (b.part.error && b.part.error->matches(frame)) {
      take_bms_error(b, frame);
      is_ours = true;
    }
    if (b.part.ack && b.part.ack->matches(frame)) {
      take_acknowledgement(b, frame);
      is_ours = true;
    }
  }
  return is_ours;
}

void CanAdapter::take_signal(const DecodedSignal& d) {
  const std::int32_t position = profile_.take_of_signal[d.signal];
  if (position < 0) return;
  const Take& take = profile_.takes[static_cast<std::size_t>(position)];
  Outlet& outlet = outlets_[take.destination];
  if (!outlet.is_used) return;
  if (take.unavailable && (d.raw & take.mask) == *take.unavailable) {
    outlet.report.add(take.row, kUnknown, take.index, Quality::missing);
    return;
  }
  const auto read = read_signal(take, d);
  if (const auto* text = std::get_if<std::string>(&read))
    outlet.report.add_text(take.row, *text);
  else if (const double value = std::get<double>(read); std::isfinite(value))
    outlet.report.add(take.row, value, take.index);
  else
    outlet.report.add(take.row, kUnknown, take.index, Quality::missing);
}

void CanAdapter::take_bms_error(Battery& b, const CanFrame& frame) {
  if (!b.target) return;
  flush();
  const std::string hex = frame.length == 0 ? std::string("empty") : to_hex(frame.payload());
  Report report(*b.target);
  report.add_text(point::bms_error, hex);
  const SteadyTime now = clock_.now();
  if (!b.last_error_note || now - *b.last_error_note >= kErrorNoteInterval) {
    b.last_error_note = now;
    report.notes.push_back(
        {"bms_error", Severity::warning, "bms_error",
         fmt::format("part {} of {} reports an error: {}", b.part.id, settings_.id, hex)});
  }
  inbox_->post(report);
}

void CanAdapter::take_acknowledgement(const Battery& b, const CanFrame& frame) {
  const Bytes said = frame.payload();
  if (std::ranges::equal(said, b.part.ack_on))
    post_charging(b, true);
  else if (std::ranges::equal(said, b.part.ack_off))
    post_charging(b, false);
  else
    traffic_.wrong_length(frame);
}

void CanAdapter::flush() {
  for (Outlet& outlet : outlets_) {
    if (outlet.report.samples.empty() && outlet.report.texts.empty()) continue;
    inbox_->post(outlet.report);
    outlet.report.clear();
  }
}

void CanAdapter::bus_went_off() {
  if (is_off_) return;
  is_off_ = true;
  forget_charging();
  post_note("bus_off", Severity::error,
            fmt::format("{} ({}) is bus-off: check bit rate, termination and wiring", settings_.id,
                        settings_.interface));
}

void CanAdapter::bus_came_back() {
  if (!is_off_) return;
  is_off_ = false;
  forget_charging();
  next_off_try_ = clock_.now();
  post_note("bus_recovered", Severity::info,
            fmt::format("{} ({}) is back on the bus", settings_.id, settings_.interface));
}

void CanAdapter::post_note(std::string type, Severity severity, std::string message) {
  Report report(Target{kBridge, 0});
  report.notes.push_back(
      {std::move(type), severity, settings_.id + "_bus_state", std::move(message)});
  inbox_->post(report);
}

void CanAdapter::post_status(CanBus& bus) {
  const SteadyTime now = clock_.now();
  const double elapsed_s = to_seconds(now - last_status_);
  const CanStatus status = bus.status();
  Report report(Target{kBridge, 0});
  const auto add = [&](StatusRow row, double value) {
    report.add(status_rows_[static_cast<std::size_t>(row)], value, self_,
               std::isnan(value) ? Quality::missing : Quality::good);
  };
  const auto add_error_count = [&](StatusRow row, std::optional<int> count) {
    add(row, count ? *count : kUnknown);
  };
  add(StatusRow::bus_state, static_cast<double>(status.state));
  if (now >= next_status_) {
    const Traffic::Rate rate = traffic_.rate(elapsed_s, settings_.bitrate_bps);
    add(StatusRow::frame_rate, rate.frames_per_s);
    add(StatusRow::bus_load, rate.load_percent);
    last_status_ = now;
    next_status_ = now + kStatusInterval;
  }
  add_error_count(StatusRow::tx_errors, status.tx_errors);
  add_error_count(StatusRow::rx_errors, status.rx_errors);
  add(StatusRow::bus_off_count, static_cast<double>(status.bus_offs));
  add(StatusRow::unknown_ids, static_cast<double>(traffic_.unknown_ids()));
  add(StatusRow::overruns, static_cast<double>(status.overruns));
  inbox_->post(report);
}

}  // namespace b2m::can
