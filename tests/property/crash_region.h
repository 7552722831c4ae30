// SPDX-License-Identifier: BSD-3-Clause
// CrashRegion: memory that knows, line by line, what a power cut now would leave of it. A region as
// persistent memory gives it, without the hardware.
//
// Of each 64-byte line it keeps three contents:
//
//   durable   what is surely on the medium
//   queued    what it held when it was flushed; on the medium for sure after the next fence
//   current   what the program sees; the CPU may write it back whenever it likes
//
// After a power cut a line holds any one of the three, whatever the other lines hold. Two things a
// cut may do are not modelled: a line may hold what it held between two of the moments listened to
// (the listener hears of single stores where crash_stores.h is at work), and a line that was
// flushed twice before a fence may hold the first of the two.
// Threads: one, and the listener is called on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "storage/region/memory_region.h"

namespace ember::property {

/// Zeroed bytes at an address that is a multiple of a page.
class PageBytes {
 public:
  explicit PageBytes(size_t size);
  std::span<std::byte> span() const { return {bytes_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::byte* bytes) const;
  };
  std::unique_ptr<std::byte, Free> bytes_;
  size_t size_;
};

class CrashRegion final : public storage::MemoryRegion, private storage::Persist {
 public:
  /// Always just before what it names; a store may be told of once more, when it is done.
  enum class Moment : uint8_t { flush, fence, store };
  using Listener = std::function<void(Moment)>;

  /// A bug, as if it were the engine's: its `at`-th flush or fence that has an effect (from 0, from
  /// plant() on) ...
  struct Plant {
    enum class Bug : uint8_t {
      none,
      lost_flush,  // is left out
      lost_fence,  // is left out
      late_flush,  // is done only after the next fence: what it commits goes before it
    };
    Bug bug = Bug::none;
    uint64_t at = 0;
  };

  /// Counts since the last plant(). Idle: of lines that were durable, or queued as they are; or
  /// with nothing in the queue.
  struct Counts {
    uint64_t flushes = 0;
    uint64_t fences = 0;
    uint64_t idle_flushes = 0;
    uint64_t idle_fences = 0;
  };

  explicit CrashRegion(size_t size);
  /// As it is found at the next start: everything is durable.
  explicit CrashRegion(std::span<const std::byte> content);

  std::span<std::byte> bytes() override { return current_.span(); }
  storage::Persist* persist() override { return this; }
  bool persistent() const override { return true; }
  /// A line that is given back is on the medium as it was, or reads as zeros: until it is flushed.
  void decommit(size_t offset, size_t size) override;

  void listen(Listener listener) { listener_ = std::move(listener); }
  void plant(Plant plant);
  const Counts& counts() const { return counts_; }
  /// Tells the listener, if there is one and it is not at work already.
  void notify(Moment moment);

  /// A line whose contents differ.
  struct OpenLine {
    uint32_t number = 0;
    bool queued = false;   // it has a queued content that is not the durable one
    bool changed = false;  // its current content is neither
    unsigned choices() const { return 1U + (queued ? 1U : 0U) + (changed ? 1U : 0U); }
  };
  std::vector<OpenLine> open_lines() const;

  enum class Content : uint8_t { durable, queued, current };
  std::span<const std::byte> line(uint32_t number, Content content) const;
  std::span<const std::byte> durable() const { return durable_.span(); }

  /// What a cut at this moment leaves of `range`, a part of bytes(), is surely its current content.
  bool is_safe(std::span<const std::byte> range) const;

 private:
  void flush(std::span<const std::byte> range) override;
  void fence() override;
  /// The lines of `range` that are not durable, nor queued as they are.
  std::vector<uint32_t> to_flush(std::span<const std::byte> range) const;
  void enqueue(std::span<const std::byte> range);
  std::byte* at(const PageBytes& of, uint32_t line) const;

  PageBytes durable_;
  PageBytes queued_;
  PageBytes current_;
  std::vector<bool> in_queue_;     // by line
  std::vector<uint32_t> waiting_;  // lines in the queue
  Listener listener_;
  bool listening_ = false;
  Plant plant_;
  Counts counts_;
  std::vector<std::span<const std::byte>> late_;
};

}  // namespace ember::property
