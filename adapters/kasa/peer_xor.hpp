// SPDX-License-Identifier: MIT
// The old cipher and its framing from the device's side: docs/protocols/kasa.md, 1.1.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/bytes.hpp"

namespace b2m::kasa::peer {

std::vector<std::uint8_t> scramble(std::string_view text);
std::string unscramble(Bytes bytes);
/// With the four bytes of length in front.
std::vector<std::uint8_t> xor_frame(std::string_view text);
/// Takes the text of the first whole frame out of what has come in so far.
std::optional<std::string> take_xor_frame(std::vector<std::uint8_t>& received);

}  // namespace b2m::kasa::peer
