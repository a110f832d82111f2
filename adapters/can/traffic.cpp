// SPDX-License-Identifier: MIT
#include "adapters/can/traffic.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace b2m::can {
namespace {

// Bits of an empty frame with its pause behind it, before stuffing (docs/protocols/pican2.md,
// "Load").
constexpr std::uint64_t kStandardBits = 47;
constexpr std::uint64_t kExtendedBits = 67;

std::uint64_t bits_of(const CanFrame& f) {
  return (f.extended ? kExtendedBits : kStandardBits) + (f.remote ? 0U : 8U * f.length);
}

std::string id_text(bool extended, std::uint32_t id) {
  return extended ? fmt::format("0x{:08X}", id) : fmt::format("0x{:03X}", id);
}

std::string data_text(const CanFrame& f) {
  return f.length == 0 ? std::string("empty") : fmt::format("{:02X}", fmt::join(f.payload(), " "));
}

}  // namespace

void Traffic::see(const CanFrame& frame) {
  if (frame.error) {
    ++errors_;
    return;
  }
  ++frames_;
  ++recent_frames_;
  recent_bits_ += bits_of(frame);
  if (frame.remote) ++remote_;
}

bool Traffic::note(Sightings& list, const CanFrame& frame) const {
  const Key key{frame.extended, frame.id};
  auto at = list.find(key);
  if (at == list.end()) {
    if (list.size() >= most_listed_) return false;
    at = list.emplace(key, Sighting{}).first;
  }
  ++at->second.count;
  at->second.last = frame;
  return true;
}

void Traffic::unknown(const CanFrame& frame) {
  ++unknown_frames_;
  if (!note(unknown_, frame)) ++unlisted_;
}

void Traffic::wrong_length(const CanFrame& frame) {
  ++wrong_length_;
  note(wrong_, frame);
}

void Traffic::sent(const CanFrame& frame) {
  ++sent_;
  recent_bits_ += bits_of(frame);
}

Traffic::Rate Traffic::rate(double seconds, int bitrate_bps) {
  Rate rate;
  if (seconds > 0) {
    rate.frames_per_s = static_cast<double>(recent_frames_) / seconds;
    if (bitrate_bps > 0)
      rate.load_percent =
          std::min(100.0, 100.0 * static_cast<double>(recent_bits_) / seconds / bitrate_bps);
  }
  recent_frames_ = recent_bits_ = 0;
  return rate;
}

std::vector<Counter> Traffic::counters() const {
  return {{"frames", frames_},
          {"signals_decoded", decoded_},
          {"wrong_length", wrong_length_},
          {"unknown", unknown_frames_},
          {"remote", remote_},
          {"error_frames", errors_},
          {"sent", sent_},
          {"send_errors", send_errors_}};
}

std::vector<Detail> Traffic::details() const {
  std::vector<Detail> list;
  const auto add = [&](const char* name, const Sightings& sightings) {
    for (const auto& [key, s] : sightings)
      list.push_back({name, fmt::format("{}: {} frames, last {}", id_text(key.first, key.second),
                                        s.count, data_text(s.last))});
  };
  add("unknown id", unknown_);
  if (unlisted_ > 0)
    list.push_back({"unknown id", fmt::format("others: {} frames of ids beyond the first {}",
                                              unlisted_, most_listed_)});
  add("wrong length", wrong_);
  return list;
}

}  // namespace b2m::can
