// SPDX-License-Identifier: MIT
// How many signals a second one core decodes by a DBC file, beside a decoder written by hand for
// just these frames, in the same run.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <time.h>

#include "adapters/can/dbc.hpp"
#include "adapters/can/decoder.hpp"

namespace {

using namespace b2m;

constexpr int kFrames = 4096;
constexpr int kRounds = 500;
constexpr int kRepeats = 5;  // the best counts: others use the machine too

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

can::Dbc read(const std::string& name) {
  std::ifstream in(B2M_SOURCE_DIR "/config/profiles/can/" + name + "/" + name + ".dbc");
  const std::string text(std::istreambuf_iterator<char>(in), {});
  auto reading = can::parse_dbc(text);
  if (!reading.mistakes.empty()) std::fprintf(stderr, "%s\n", reading.mistakes[0].what.c_str());
  return std::move(reading.dbc);
}

/// Random values in frames that the profile knows.
std::vector<CanFrame> make_frames(bool modules) {
  std::mt19937 random(7);
  std::vector<CanFrame> frames(kFrames);
  for (CanFrame& f : frames) {
    for (auto& byte : f.data) byte = static_cast<std::uint8_t>(random());
    if (modules) {
      f.id = static_cast<std::uint32_t>(0x18FF5001 + (random() % 2) * 0x100 + random() % 16);
      f.extended = true;
      f.length = 8;
    } else {
      f.id = 0x600 + random() % 2;
      f.length = 3;
      f.data[2] = static_cast<std::uint8_t>((random() % 2 ? 0x10 : 0x20) + 1 + random() % 6);
    }
  }
  return frames;
}

struct Sum {
  double values = 0;
  std::uint64_t signals = 0;
};

void by_hand_packs(const CanFrame& f, std::vector<can::DecodedSignal>& out) {
  if (f.extended || f.remote || f.length != 3 || (f.id != 0x600 && f.id != 0x601)) return;
  const auto cell = static_cast<can::SignalIndex>(f.data[2] & 15U);
  if (cell < 1 || cell > 6) return;
  out.push_back({0, f.data[2], static_cast<double>(f.data[2])});
  const std::uint16_t raw = u16le(f.payload());
  if (f.data[2] >> 4 == 1)
    out.push_back({cell, raw, static_cast<std::int16_t>(raw) * 0.01});
  else if (f.data[2] >> 4 == 2)
    out.push_back({cell + 6, raw, raw * 0.01});
}

void by_hand_modules(const CanFrame& f, std::vector<can::DecodedSignal>& out) {
  const std::uint32_t group = f.id & 0xFFFF'FF00U;
  if (!f.extended || f.remote || f.length != 8 || (group != 0x18FF5000 && group != 0x18FF5100))
    return;
  for (can::SignalIndex i = 0; i < 3; ++i) {
    const std::uint16_t raw = u16be(f.payload().subspan(2 * i));
    out.push_back({i, raw, static_cast<double>(raw)});
  }
  const std::uint16_t raw = u16be(f.payload().subspan(6));
  out.push_back({3, raw, static_cast<std::int16_t>(raw) * 0.1});
}

template <class Decode>
double signals_per_s(const std::vector<CanFrame>& frames, Sum& sum, Decode decode) {
  double best = 0;
  std::vector<can::DecodedSignal> out;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    sum = Sum{};
    const double begin = cpu_seconds();
    for (int round = 0; round < kRounds; ++round) {
      for (const CanFrame& f : frames) {
        out.clear();
        decode(f, out);
        for (const can::DecodedSignal& d : out) sum.values += d.value;
        sum.signals += out.size();
      }
    }
    const double rate = static_cast<double>(sum.signals) / (cpu_seconds() - begin);
    if (rate > best) best = rate;
  }
  return best;
}

struct Outcome {
  std::string json;
  bool agrees = false;
};

template <class ByHand>
Outcome measure(const std::string& profile, bool modules, ByHand by_hand) {
  const can::Dbc dbc = read(profile);
  const can::Decoder decoder(dbc);
  const auto frames = make_frames(modules);
  Sum ours, theirs;
  const double dbc_rate =
      signals_per_s(frames, ours, [&](const CanFrame& f, std::vector<can::DecodedSignal>& out) {
        (void)decoder.decode(f, out);  // every frame here is known
      });
  const double hand_rate = signals_per_s(frames, theirs, by_hand);
  const double difference = ours.values - theirs.values;
  const bool agrees = ours.signals == theirs.signals && difference * difference < 1;
  return {fmt::format("\"{}\":{{\"signals_per_s\":{:.0f},\"by_hand_per_s\":{:.0f},"
                      "\"ratio\":{:.3f},\"agrees\":{}}}",
                      profile, dbc_rate, hand_rate, dbc_rate / hand_rate, agrees),
          agrees};
}

}  // namespace

int main() {
  const Outcome packs = measure("two_packs", false, by_hand_packs);
  const Outcome modules = measure("example_96s", true, by_hand_modules);
  std::printf("{\"bench\":\"dbc\",\"goal_per_s\":5000000,%s,%s}\n", packs.json.c_str(),
              modules.json.c_str());
  return packs.agrees && modules.agrees ? 0 : 1;
}
