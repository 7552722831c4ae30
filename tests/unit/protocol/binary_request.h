// SPDX-License-Identifier: BSD-3-Clause
// binary_request: requests of the binary protocol as bytes, right ones and wrong ones. For tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/binary_header.h"

namespace ember::protocol::testing {

/// `number` in `size` bytes, big-endian.
inline std::string big(uint64_t number, size_t size) {
  std::string bytes;
  for (size_t i = size; i-- > 0;) {
    bytes += static_cast<char>(number >> (8 * i));
  }
  return bytes;
}

struct Request {
  Opcode opcode = Opcode::noop;
  std::string_view key = {};
  std::string extras = {};
  std::string_view value = {};
  uint64_t cas = 0;
  uint32_t opaque = 0;
  /// Of the header, when it is to lie.
  int64_t key_size = -1;
  int64_t body_size = -1;

  operator std::string() const {  // NOLINT(google-explicit-constructor): a request is its bytes
    const size_t real = extras.size() + key.size() + value.size();
    std::string bytes(1, kBinaryRequestMagic);
    bytes += static_cast<char>(opcode);
    bytes += big(key_size < 0 ? key.size() : static_cast<uint64_t>(key_size), 2);
    bytes += big(extras.size(), 1) + big(0, 3);
    bytes += big(body_size < 0 ? real : static_cast<uint64_t>(body_size), 4);
    bytes += big(opaque, 4) + big(cas, 8);
    return bytes + extras + std::string(key) + std::string(value);
  }
};

inline std::string operator+(const Request& left, const Request& right) {
  return std::string(left) + std::string(right);
}

inline std::string operator+(const Request& left, const std::string& right) {
  return std::string(left) + right;
}

inline std::string operator+(const std::string& left, const Request& right) {
  return left + std::string(right);
}

/// Extras of set, add, replace.
inline std::string store_extras(uint32_t client_flags = 0, uint32_t exptime = 0) {
  return big(client_flags, 4) + big(exptime, 4);
}

/// Extras of incr, decr.
inline std::string number_extras(uint64_t delta, uint64_t initial = 0, uint32_t exptime = 0) {
  return big(delta, 8) + big(initial, 8) + big(exptime, 4);
}

}  // namespace ember::protocol::testing
