// SPDX-License-Identifier: BSD-3-Clause
// ReplyBuffer: the bytes a connection still has to send, in order: blocks that small replies are
// written into, and references to large values that are sent from where they lie. Not the words of
// replies (line_writer.h and what stands on it), not the sending.
//
// Ownership: blocks come from the worker's BlockPool and go back as soon as they are sent, so an
// idle connection holds none. A referenced value is given back through its Release.
// Threads: one worker's. Bounds: none of its own; whoever fills it asks size() and stops.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace ember::protocol {

/// What to call once referenced bytes are sent, or never will be.
struct Release {
  void (*call)(void* context, uint64_t token) = nullptr;
  void* context = nullptr;
  uint64_t token = 0;
};

/// Blocks of one size, kept for reuse up to a limit. One a worker.
class BlockPool {
 public:
  static constexpr size_t kBlockSize = 16384;
  /// Free blocks kept; more are given back to the allocator.
  static constexpr size_t kKept = 256;

  using Block = std::unique_ptr<char[]>;
  /// Returns a free block, or a new one. Its bytes are anything.
  Block take();
  /// Takes a block back. Requires: it is one of take()'s.
  void give(Block block);

 private:
  std::vector<Block> free_;
};

class ReplyBuffer {
 public:
  explicit ReplyBuffer(BlockPool& pool) : pool_(pool) {}
  ~ReplyBuffer() { clear(); }
  ReplyBuffer(const ReplyBuffer&) = delete;
  ReplyBuffer& operator=(const ReplyBuffer&) = delete;

  /// Returns room for `size` contiguous bytes, valid until the next call. Requires: `size` is at
  /// most BlockPool::kBlockSize.
  char* reserve(size_t size);
  /// Makes the first `size` of the reserved bytes part of the reply. Requires: they were reserved
  /// by the last call.
  void commit(size_t size);

  /// Copies `bytes` of any length.
  void append(std::string_view bytes);

  /// Sends `bytes` from where they lie; they must stay until `release` is called.
  void append_reference(std::string_view bytes, Release release);

  /// Returns how many bytes are not yet sent, references included.
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// Fills `out` with the first unsent ranges; returns how many.
  size_t gather(std::span<iovec> out) const;

  /// The first `size` bytes are sent: drops them. Requires: there are so many.
  void consume(size_t size);

  /// Drops everything, releasing references.
  void clear();

  /// Takes back replies before they are sent (those to keys whose line turns out bad): drops what
  /// is behind the first `size` bytes. Requires: `size` is at most size().
  void truncate(size_t size);

 private:
  struct Segment {
    char* data;
    size_t size;
    BlockPool::Block block;  // the block this segment is the last user of, if any
    Release release;
  };

  void drop(Segment& segment);
  void drop_last();
  void reopen_last();
  void forget_segments();

  BlockPool& pool_;
  // A vector and an index, not a deque: an empty std::deque holds half a KiB.
  std::vector<Segment> segments_;
  size_t first_ = 0;  // segments before this are sent
  size_t size_ = 0;
  char* free_ = nullptr;  // unwritten part of the last block
  size_t free_size_ = 0;
};

}  // namespace ember::protocol
