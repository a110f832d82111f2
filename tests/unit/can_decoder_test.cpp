// SPDX-License-Identifier: MIT
// The decoder against hand-worked frames and against an independent, bit-by-bit decoder in Python.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "adapters/can/decoder.hpp"
#include "tests/support/other_peers.hpp"

namespace b2m::can {
namespace {

std::string file(const std::string& path) {
  std::ifstream in(std::string(B2M_SOURCE_DIR "/") + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

CanFrame frame(std::uint32_t id, std::initializer_list<int> bytes, bool extended = false) {
  CanFrame f;
  f.id = id;
  f.extended = extended;
  for (const int b : bytes) f.data[f.length++] = static_cast<std::uint8_t>(b);
  return f;
}

double decode_one(const std::string& signal, const CanFrame& f) {
  const auto reading = parse_dbc("BO_ 1 M: 8 N\n SG_ S : " + signal + " (1,0) [0|0] \"\" N\n");
  std::vector<DecodedSignal> out;
  EXPECT_EQ(Decoder(reading.dbc).decode(f, out), Decoding::decoded);
  return out.empty() ? -999 : out[0].value;
}

TEST(CanDecoder, ReadsIntelAndMotorolaWords) {
  const CanFrame f = frame(1, {0x12, 0x34, 0x56, 0x78, 0, 0, 0, 0});

  EXPECT_EQ(decode_one("0|16@1+", f), 0x3412);
  EXPECT_EQ(decode_one("7|16@0+", f), 0x1234);
  EXPECT_EQ(decode_one("11|12@0+", f), 0x456);
  EXPECT_EQ(decode_one("4|12@1+", f), 0x341);
}

TEST(CanDecoder, ExtendsTheSignFromTheSignalsOwnWidth) {
  EXPECT_EQ(decode_one("0|1@1-", frame(1, {1})), -1);
  EXPECT_EQ(decode_one("0|7@1-", frame(1, {0x40})), -64);
  EXPECT_EQ(decode_one("0|7@1-", frame(1, {0xBF})), 63);
  EXPECT_EQ(decode_one("7|64@0-", frame(1, {255, 255, 255, 255, 255, 255, 255, 254})), -2);
}

TEST(CanDecoder, IgnoresOtherIdLengthsAndRemoteFrames) {
  const auto reading = parse_dbc("BO_ 1 M: 8 N\n SG_ S : 0|8@1+ (1,0) [0|0] \"\" N\n");
  const Decoder decoder(reading.dbc);
  std::vector<DecodedSignal> out;
  CanFrame remote = frame(1, {1});
  remote.remote = true;
  CanFrame error = frame(1, {1});
  error.error = true;

  EXPECT_EQ(decoder.decode(frame(1, {1}, true), out), Decoding::unknown);
  EXPECT_EQ(decoder.decode(remote, out), Decoding::unknown);
  EXPECT_EQ(decoder.decode(error, out), Decoding::unknown);
  EXPECT_EQ(decoder.decode(frame(0x7FF, {1}), out), Decoding::unknown);
  EXPECT_TRUE(out.empty());
}

TEST(CanDecoder, TakesNothingFromAFrameThatIsTooShort) {
  const auto reading = parse_dbc(
      "BO_ 1 M: 8 N\n SG_ S : 0|8@1+ (1,0) [0|0] \"\" N\n SG_ T : 8|8@1+ (1,0) [0|0] \"\" N\n");
  std::vector<DecodedSignal> out;

  EXPECT_EQ(Decoder(reading.dbc).decode(frame(1, {1}), out), Decoding::wrong_length);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(Decoder(reading.dbc).decode(frame(1, {1, 2}), out), Decoding::decoded);
  EXPECT_EQ(out.size(), 2U);
}

TEST(CanDecoder, InsistsOnTheExactLengthWhenAsked) {
  const auto reading = parse_dbc("BO_ 1 M: 3 N\n SG_ S : 0|8@1+ (1,0) [0|0] \"\" N\n");
  const Decoder decoder(reading.dbc, true);
  std::vector<DecodedSignal> out;

  EXPECT_EQ(decoder.decode(frame(1, {1, 2}), out), Decoding::wrong_length);
  EXPECT_EQ(decoder.decode(frame(1, {1, 2, 3, 4}), out), Decoding::wrong_length);
  EXPECT_EQ(decoder.decode(frame(1, {1, 2, 3}), out), Decoding::decoded);
}

/// A dump of random frames as we decode them, in the form tests/support/dbc_reference.py reads.
class Dump {
 public:
  explicit Dump(const Dbc& dbc) : dbc_(dbc), decoder_(dbc) {
    for (const DbcMessage& m : dbc.messages)
      for (const DbcSignal& s : m.signals) names_.push_back(s.name);
  }

  void add_random_frames(std::ostream& to, int each) {
    for (const DbcMessage& m : dbc_.messages)
      for (int i = 0; i < each; ++i) add(to, m, i);
  }

 private:
  void add(std::ostream& to, const DbcMessage& m, int round) {
    CanFrame f;
    f.id = m.id;
    f.extended = m.extended;
    f.length =
        static_cast<std::uint8_t>(round % 8 == 7 ? random_() % 9 : static_cast<unsigned>(m.length));
    for (auto& byte : f.data) byte = random_byte(round);
    std::vector<DecodedSignal> out;
    const Decoding result = decoder_.decode(f, out);
    to << fmt::format("{} {:X} {}", m.extended ? 'x' : 's', m.id, to_hex(f.payload()));
    if (result == Decoding::wrong_length) to << " !";
    for (const DecodedSignal& d : out) {
      const auto raw = static_cast<std::int64_t>(d.raw);
      to << ' ' << names_[d.signal] << '='
         << (is_signed(d.signal) ? fmt::format("{}", raw) : fmt::format("{}", d.raw)) << '/'
         << fmt::format("{:.17g}", d.value);
    }
    to << '\n';
  }

  // Extremes and small numbers are where signs and multiplexors go wrong.
  std::uint8_t random_byte(int round) {
    if (round == 0) return 0;
    if (round == 1) return 0xFF;
    if (round % 5 == 0) return static_cast<std::uint8_t>(0x10 + random_() % 32);
    return static_cast<std::uint8_t>(round % 3 == 0 ? random_() % 8 : random_());
  }

  bool is_signed(SignalIndex index) const {
    for (const DbcMessage& m : dbc_.messages) {
      if (index < m.signals.size())
        return m.signals[index].is_signed && m.signals[index].form == DbcForm::integer;
      index -= static_cast<SignalIndex>(m.signals.size());
    }
    return false;
  }

  const Dbc& dbc_;
  Decoder decoder_;
  std::vector<std::string> names_;
  std::mt19937 random_{20'240'601};
};

struct Agreement {
  const char* dbc;
  int frames_each;
  int at_least;
};

class CanDecoderAgreement : public testing::TestWithParam<Agreement> {};

TEST_P(CanDecoderAgreement, WithABitByBitDecoder) {
  if (std::system("python3 --version >/dev/null 2>&1") != 0)
    return test::peer_is_missing("python3 is not installed");
  const Agreement& p = GetParam();
  const auto reading = parse_dbc(file(p.dbc));
  ASSERT_TRUE(reading.mistakes.empty());
  const std::string name = std::filesystem::path(p.dbc).stem();
  const std::string dump = fmt::format(
      "{}/{}_{}.dump", std::filesystem::temp_directory_path().string(), name, ::getpid());
  std::ofstream out(dump);
  Dump(reading.dbc).add_random_frames(out, p.frames_each);
  out.close();

  const int status = std::system(
      fmt::format("python3 {0}/tests/support/dbc_reference.py {0}/{1} {2} --at-least {3}",
                  B2M_SOURCE_DIR, p.dbc, dump, p.at_least)
          .c_str());

  EXPECT_EQ(status, 0);
  std::filesystem::remove(dump);
}

INSTANTIATE_TEST_SUITE_P(
    OnEveryDbc, CanDecoderAgreement,
    testing::Values(Agreement{"config/profiles/can/two_packs/two_packs.dbc", 2000, 3000},
                    Agreement{"config/profiles/can/example_96s/example_96s.dbc", 200, 20'000},
                    Agreement{"tests/vectors/can/awkward_widths.dbc", 100, 20'000},
                    Agreement{"tests/vectors/can/awkward_multiplexing.dbc", 3000, 20'000},
                    Agreement{"tests/vectors/can/awkward_floats.dbc", 2000, 10'000}),
    [](const auto& about) { return std::filesystem::path(about.param.dbc).stem().string(); });

}  // namespace
}  // namespace b2m::can
