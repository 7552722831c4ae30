// SPDX-License-Identifier: BSD-3-Clause
// byte_block: 16 bytes looked at together, in the two questions that finding words and lines asks
// of them: which are a given byte, and which are a blank or a control character. Not the search
// itself: tokenizer.h.
//
// Two implementations of the same answers: SseByteBlock with the instructions that every x86-64
// has, PortableByteBlock with 64-bit arithmetic for everything else. ByteBlock is the one this
// machine uses.
// Cost: a few instructions a question; nothing is allocated.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace ember::protocol {

/// Bytes of a block.
inline constexpr size_t kBlockWidth = 16;

/// Answers are masks: bit i speaks of byte i.
class PortableByteBlock {
 public:
  /// Requires: [from, from + kBlockWidth) is readable, at any alignment.
  explicit PortableByteBlock(const char* from)
      : low_(load_unaligned<uint64_t>(from)),
        high_(load_unaligned<uint64_t>(from + sizeof(uint64_t))) {
    static_assert(std::endian::native == std::endian::little);
  }

  /// Returns which bytes are `wanted`.
  uint32_t equal(char wanted) const {
    const uint64_t all = kOnes * static_cast<unsigned char>(wanted);
    return join(zero_bytes(low_ ^ all), zero_bytes(high_ ^ all));
  }

  /// Returns which bytes are blanks (0x20) or below.
  uint32_t blank_or_control() const { return join(low_bytes(low_), low_bytes(high_)); }

 private:
  static constexpr uint64_t kOnes = 0x0101010101010101;
  static constexpr uint64_t kHighBits = 0x80 * kOnes;

  // Sums of seven bits and less than 0x80 carry into no other byte: each byte answers exactly.

  /// The high bit of each byte that is 0.
  static constexpr uint64_t zero_bytes(uint64_t bytes) {
    return ~(((bytes & ~kHighBits) + ~kHighBits) | bytes) & kHighBits;
  }
  /// The high bit of each byte that is at most a blank.
  static constexpr uint64_t low_bytes(uint64_t bytes) {
    return ~(((bytes & ~kHighBits) + kOnes * (0x7f - ' ')) | bytes) & kHighBits;
  }
  /// The high bits of eight bytes as eight bits, the first byte's lowest.
  static constexpr uint32_t gather(uint64_t high_bits) {
    return static_cast<uint32_t>(((high_bits >> 7) * 0x0102040810204080) >> 56);
  }
  static constexpr uint32_t join(uint64_t low, uint64_t high) {
    return gather(low) | (gather(high) << 8);
  }

  uint64_t low_;
  uint64_t high_;
};

#if defined(__SSE2__)
/// As PortableByteBlock.
class SseByteBlock {
 public:
  explicit SseByteBlock(const char* from)
      : bytes_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))) {}

  uint32_t equal(char wanted) const { return mask(_mm_cmpeq_epi8(bytes_, _mm_set1_epi8(wanted))); }

  uint32_t blank_or_control() const {
    return mask(_mm_cmpeq_epi8(_mm_min_epu8(bytes_, _mm_set1_epi8(' ')), bytes_));
  }

 private:
  static uint32_t mask(__m128i bytes) { return static_cast<uint32_t>(_mm_movemask_epi8(bytes)); }

  __m128i bytes_;
};

using ByteBlock = SseByteBlock;
#else
using ByteBlock = PortableByteBlock;
#endif

}  // namespace ember::protocol
