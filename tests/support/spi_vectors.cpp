// SPDX-License-Identifier: MIT
#include "tests/support/spi_vectors.hpp"

#include <fstream>
#include <stdexcept>

namespace b2m::test {

std::vector<std::uint8_t> from_hex(const std::string& digits) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  return bytes;
}

std::vector<std::pair<std::string, std::string>> read_vectors(const std::string& file) {
  constexpr std::string_view kArrow = " => ";
  std::ifstream in(std::string(B2M_SOURCE_DIR "/tests/vectors/spi_nodes/") + file);
  std::vector<std::pair<std::string, std::string>> list;
  for (std::string line; std::getline(in, line);) {
    const auto at = line.find(kArrow);
    if (line.empty() || line[0] == '#' || at == std::string::npos) continue;
    list.emplace_back(line.substr(0, at), line.substr(at + kArrow.size()));
  }
  if (list.empty()) throw std::runtime_error("no vectors in " + file);
  return list;
}

std::vector<std::uint8_t> shifted(Bytes frame, int by) {
  const int bits = static_cast<int>(frame.size()) * 8;
  std::vector<std::uint8_t> out(frame.size());
  for (int i = 0; i < bits; ++i) {
    const int from = i - by;
    const bool is_one = from < 0 || from >= bits ||
                        (frame[static_cast<std::size_t>(from / 8)] >> (7 - from % 8) & 1) != 0;
    if (is_one) out[static_cast<std::size_t>(i / 8)] |= static_cast<std::uint8_t>(0x80 >> i % 8);
  }
  return out;
}

}  // namespace b2m::test
