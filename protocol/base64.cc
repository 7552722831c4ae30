// SPDX-License-Identifier: BSD-3-Clause
// base64: RFC 4648 with padding.
#include "protocol/base64.h"

#include <array>
#include <cstdint>

#include "base/check.h"

namespace ember::protocol {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNoDigit = 0xff;

constexpr std::array<uint8_t, 256> make_digits() {
  std::array<uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return digits;
}

constexpr auto kDigits = make_digits();

}  // namespace

std::optional<size_t> decode_base64(std::string_view text, char* to) {
  if (text.empty() || text.size() % 4 != 0) {
    return std::nullopt;
  }
  size_t padding = 0;
  if (text.back() == '=') {
    padding = text[text.size() - 2] == '=' ? 2 : 1;
  }
  size_t written = 0;
  for (size_t at = 0; at < text.size(); at += 4) {
    const bool last = at + 4 == text.size();
    const size_t digits = last ? 4 - padding : 4;
    uint32_t bits = 0;
    for (size_t i = 0; i < digits; ++i) {
      const uint8_t digit = kDigits[static_cast<unsigned char>(text[at + i])];
      if (digit == kNoDigit) {
        return std::nullopt;
      }
      bits |= uint32_t{digit} << (18 - 6 * i);
    }
    for (size_t i = 0; i + 1 < digits; ++i) {
      to[written++] = static_cast<char>(bits >> (16 - 8 * i) & 0xff);
    }
  }
  debug_check(written <= base64_decoded_bound(text.size()), "decoding fits the room stated");
  return written;
}

char* encode_base64(std::string_view bytes, char* to) {
  const char* const end = to + base64_encoded_size(bytes.size());
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t taken = bytes.size() - at < 3 ? bytes.size() - at : 3;
    uint32_t bits = 0;
    for (size_t i = 0; i < taken; ++i) {
      bits |= uint32_t{static_cast<unsigned char>(bytes[at + i])} << (16 - 8 * i);
    }
    for (size_t i = 0; i < 4; ++i) {
      *to++ = i <= taken ? kAlphabet[bits >> (18 - 6 * i) & 0x3f] : '=';
    }
  }
  debug_check(to == end, "an encoding is as long as stated");
  return to;
}

}  // namespace ember::protocol
