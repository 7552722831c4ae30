// SPDX-License-Identifier: BSD-3-Clause
// TlsBuffers: the memory that the TLS channels of one loop share: where plain bytes are decrypted
// to and records are put together, and buffers of encrypted bytes, lent while a channel sends. Not
// a channel's own state: an idle channel has none of these.
//
// Ownership: lent buffers are the channel's until given back; channels that go may keep theirs.
// Threads: one loop's.
// Cost: 48 KiB, and up to kKeptBuffers kept for the next sends, none larger than kLargestKept.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"

namespace ember::server::net {

class TlsBuffers {
 public:
  using Bytes = std::vector<char>;

  static constexpr size_t kKeptBuffers = 64;
  static constexpr size_t kLargestKept = 64 * kKiB;
  /// A record of TLS carries at most this (RFC 8446, 5.1).
  static constexpr size_t kRecordSize = 16 * kKiB;

  /// Returns where plain bytes are decrypted to, during one call of on_receive().
  std::span<char> plain_input() { return plain_input_; }

  /// Returns where small ranges of a reply are put together, during one call of send().
  std::span<char> record() { return record_; }

  /// Returns an empty buffer with room for a record.
  std::unique_ptr<Bytes> take();

  /// Takes a buffer back, whatever is in it. Requires: `buffer` is not null.
  void give_back(std::unique_ptr<Bytes> buffer);

  /// Returns the number of buffers kept for the next take().
  size_t kept() const { return free_.size(); }

 private:
  std::vector<std::unique_ptr<Bytes>> free_;
  std::array<char, 32 * kKiB> plain_input_;
  std::array<char, kRecordSize> record_;
};

}  // namespace ember::server::net
