// SPDX-License-Identifier: BSD-3-Clause
// binary_header: the 24 bytes before every request and every answer of the binary protocol, its
// opcodes and statuses. Not what follows a header.
//
//   byte  0      1      2..3       4          5         6..7            8..11      12..15  16..23
//         magic  opcode key size   extra size data type (unused) status body size  opaque  CAS
//
// Numbers are big-endian. A body is extras, key and value, in this order.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace ember::protocol {

inline constexpr char kBinaryRequestMagic = '\x80';
inline constexpr char kBinaryReplyMagic = '\x81';
inline constexpr size_t kBinaryHeaderSize = 24;

/// Opcodes. A q at the end: the quiet form; a k: the answer has the key.
enum class Opcode : uint8_t {
  get = 0x00,
  set = 0x01,
  add = 0x02,
  replace = 0x03,
  delete_ = 0x04,  // NOLINT(readability-identifier-naming): delete is a keyword
  increment = 0x05,
  decrement = 0x06,
  quit = 0x07,
  flush = 0x08,
  getq = 0x09,
  noop = 0x0a,
  version = 0x0b,
  getk = 0x0c,
  getkq = 0x0d,
  append = 0x0e,
  prepend = 0x0f,
  stat = 0x10,
  setq = 0x11,
  addq = 0x12,
  replaceq = 0x13,
  deleteq = 0x14,
  incrementq = 0x15,
  decrementq = 0x16,
  quitq = 0x17,
  flushq = 0x18,
  appendq = 0x19,
  prependq = 0x1a,
  verbosity = 0x1b,
  touch = 0x1c,
  gat = 0x1d,
  gatq = 0x1e,
  sasl_list_mechs = 0x20,
  sasl_auth = 0x21,
  sasl_step = 0x22,
  gatk = 0x23,
  gatkq = 0x24,
};

/// True for the retrievals whose answer has the key.
constexpr bool echoes_key(uint8_t opcode) {
  switch (static_cast<Opcode>(opcode)) {
    case Opcode::getk:
    case Opcode::getkq:
    case Opcode::gatk:
    case Opcode::gatkq:
      return true;
    default:
      return false;
  }
}

enum class Status : uint16_t {
  success = 0x00,
  not_found = 0x01,
  exists = 0x02,
  too_large = 0x03,
  invalid_arguments = 0x04,
  not_stored = 0x05,
  non_numeric = 0x06,
  auth_error = 0x20,
  auth_continue = 0x21,
  unknown_command = 0x81,
  no_memory = 0x82,
};

/// The body of an answer with this status, as memcached has it; empty for success.
std::string_view text_of(Status status);

/// A big-endian number at `from`.
template <typename T>
T load_big(const char* from) {
  static_assert(std::endian::native == std::endian::little);
  return std::byteswap(load_unaligned<T>(from));
}

/// Writes `number` at `to`, big-endian; returns the end.
template <typename T>
char* store_big(char* to, T number) {
  static_assert(std::endian::native == std::endian::little);
  store_unaligned(to, std::byteswap(number));
  return to + sizeof(T);
}

/// The header of a request, without magic, data type and vbucket, which nobody asks for.
struct BinaryRequest {
  uint8_t opcode = 0;
  uint8_t extra_size = 0;
  uint16_t key_size = 0;
  uint32_t body_size = 0;
  uint32_t opaque = 0;  // not a number: as it stands in the bytes
  uint64_t cas = 0;
};

inline BinaryRequest read_binary_request(const char* from) {
  return {.opcode = static_cast<uint8_t>(from[1]),
          .extra_size = static_cast<uint8_t>(from[4]),
          .key_size = load_big<uint16_t>(from + 2),
          .body_size = load_big<uint32_t>(from + 8),
          .opaque = load_unaligned<uint32_t>(from + 12),
          .cas = load_big<uint64_t>(from + 16)};
}

/// The header of an answer.
struct BinaryReply {
  uint8_t opcode = 0;
  uint32_t opaque = 0;
  Status status = Status::success;
  uint8_t extra_size = 0;
  uint16_t key_size = 0;
  uint32_t value_size = 0;
  uint64_t cas = 0;
};

/// Writes the header to `to` (room for kBinaryHeaderSize); returns the end.
inline char* write_binary_header(char* to, const BinaryReply& reply) {
  *to++ = kBinaryReplyMagic;
  *to++ = static_cast<char>(reply.opcode);
  to = store_big<uint16_t>(to, reply.key_size);
  *to++ = static_cast<char>(reply.extra_size);
  *to++ = 0;  // data type
  to = store_big<uint16_t>(to, static_cast<uint16_t>(reply.status));
  to = store_big<uint32_t>(to, reply.extra_size + reply.key_size + reply.value_size);
  store_unaligned(to, reply.opaque);
  return store_big<uint64_t>(to + sizeof(reply.opaque), reply.cas);
}

}  // namespace ember::protocol
