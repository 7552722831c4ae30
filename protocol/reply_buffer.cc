// SPDX-License-Identifier: BSD-3-Clause
// ReplyBuffer: segments of blocks and references, in the order they are sent.
#include "protocol/reply_buffer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace ember::protocol {
namespace {

/// Segments whose room an empty buffer keeps: what a small reply needs, and little.
constexpr size_t kKeptSegments = 4;

/// Sent segments after which a buffer that never runs empty moves the others to the front.
constexpr size_t kCompactAfter = 64;

}  // namespace

BlockPool::Block BlockPool::take() {
  if (free_.empty()) {
    return std::make_unique_for_overwrite<char[]>(kBlockSize);
  }
  Block block = std::move(free_.back());
  free_.pop_back();
  debug_check(block != nullptr && free_.size() < kKept, "a pool keeps whole blocks, not too many");
  return block;
}

void BlockPool::give(Block block) {
  debug_check(block != nullptr, "a block is given back once");
  if (free_.size() < kKept) {
    free_.push_back(std::move(block));
  }
}

char* ReplyBuffer::reserve(size_t size) {
  check(size <= BlockPool::kBlockSize, "a reply reserves at most one block");
  if (size > free_size_ || free_ == nullptr) {
    BlockPool::Block block = pool_.take();
    free_ = block.get();
    free_size_ = BlockPool::kBlockSize;
    segments_.push_back({.data = free_, .size = 0, .block = std::move(block), .release = {}});
  } else if (segments_.back().block == nullptr) {
    // A reference came in between: what follows goes on in the same block, which moves on to it.
    BlockPool::Block block;
    for (size_t i = segments_.size(); i-- > first_ && block == nullptr;) {
      block = std::move(segments_[i].block);
    }
    segments_.push_back({.data = free_, .size = 0, .block = std::move(block), .release = {}});
  }
  return free_;
}

void ReplyBuffer::commit(size_t size) {
  check(size <= free_size_, "a reply commits no more than it reserved");
  debug_check(size == 0 || segments_.back().data + segments_.back().size == free_,
              "what is committed goes on where the last segment ends");
  segments_.back().size += size;
  size_ += size;
  free_ += size;
  free_size_ -= size;
}

void ReplyBuffer::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t room = free_size_ == 0 ? BlockPool::kBlockSize : free_size_;
    const size_t step = std::min(bytes.size(), room);
    debug_check(step > 0, "each step appends something");
    std::memcpy(reserve(step), bytes.data(), step);
    commit(step);
    bytes.remove_prefix(step);
  }
}

void ReplyBuffer::append_reference(std::string_view bytes, Release release) {
  debug_check(release.call != nullptr || release.context == nullptr, "a release has a function");
  if (bytes.empty()) {
    if (release.call != nullptr) {
      release.call(release.context, release.token);
    }
    return;
  }
  // It is only read: iovec, like sendmsg, has no const.
  char* data = const_cast<char*>(bytes.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  segments_.push_back({.data = data, .size = bytes.size(), .block = nullptr, .release = release});
  size_ += bytes.size();
}

size_t ReplyBuffer::gather(std::span<iovec> out) const {
  size_t count = 0;
  for (size_t i = first_; i < segments_.size() && count < out.size(); ++i) {
    if (segments_[i].size != 0) {
      out[count++] = {.iov_base = segments_[i].data, .iov_len = segments_[i].size};
    }
  }
  debug_check(count != 0 || size_ == 0 || out.empty(), "what is to be sent is in segments");
  return count;
}

void ReplyBuffer::consume(size_t size) {
  check(size <= size_, "a reply is consumed only as far as it goes");
  size_ -= size;
  while (first_ < segments_.size() && segments_[first_].size <= size) {
    size -= segments_[first_].size;
    drop(segments_[first_]);
    ++first_;
  }
  if (first_ == segments_.size()) {
    forget_segments();
    return;
  }
  segments_[first_].data += size;
  segments_[first_].size -= size;
  if (first_ >= kCompactAfter && first_ * 2 >= segments_.size()) {
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
  }
}

void ReplyBuffer::clear() {
  for (size_t i = first_; i < segments_.size(); ++i) {
    drop(segments_[i]);
  }
  size_ = 0;
  forget_segments();
}

void ReplyBuffer::truncate(size_t size) {
  check(size <= size_, "a reply is truncated, not extended");
  while (size_ > size) {
    Segment& last = segments_.back();
    const size_t excess = size_ - size;
    if (last.size > excess) {
      last.size -= excess;
      size_ = size;
      break;
    }
    size_ -= last.size;
    last.size = 0;
    drop_last();
  }
  reopen_last();
}

void ReplyBuffer::drop(Segment& segment) {
  debug_check(segment.block == nullptr || segment.data >= segment.block.get(),
              "a segment lies in its block");
  if (segment.block != nullptr) {
    const char* begin = segment.block.get();
    if (free_ >= begin && free_ <= begin + BlockPool::kBlockSize) {
      free_ = nullptr;  // the rest of the block goes with it
      free_size_ = 0;
    }
    pool_.give(std::move(segment.block));
  }
  if (segment.release.call != nullptr) {
    segment.release.call(segment.release.context, segment.release.token);
  }
}

void ReplyBuffer::drop_last() {
  debug_check(segments_.size() > first_, "only unsent segments are taken back");
  Segment last = std::move(segments_.back());
  segments_.pop_back();
  if (last.block != nullptr) {
    // An earlier segment may lie in the same block: it is the block's last user again.
    const char* begin = last.block.get();
    for (size_t i = segments_.size(); i-- > first_;) {
      Segment& earlier = segments_[i];
      if (earlier.data >= begin && earlier.data < begin + BlockPool::kBlockSize) {
        earlier.block = std::move(last.block);
        break;
      }
    }
  }
  drop(last);
}

void ReplyBuffer::reopen_last() {
  free_ = nullptr;
  free_size_ = 0;
  if (first_ == segments_.size()) {
    forget_segments();
    return;
  }
  const Segment& last = segments_.back();
  if (last.block != nullptr) {
    free_ = last.data + last.size;
    free_size_ = static_cast<size_t>(last.block.get() + BlockPool::kBlockSize - free_);
    debug_check(free_size_ <= BlockPool::kBlockSize, "the free bytes are the end of a block");
  }
}

void ReplyBuffer::forget_segments() {
  debug_check(size_ == 0, "segments are forgotten when nothing is left to send");
  segments_.clear();
  if (segments_.capacity() > kKeptSegments) {
    std::vector<Segment>().swap(segments_);
  }
  first_ = 0;
  free_ = nullptr;
  free_size_ = 0;
}

}  // namespace ember::protocol
