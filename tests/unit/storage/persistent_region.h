// SPDX-License-Identifier: BSD-3-Clause
// PersistentRegion: DRAM that a store takes for a memory file: a test keeps it from one store to
// the next, damages it in between, and counts what was flushed.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/check.h"
#include "storage/region/dram_region.h"
#include "storage/region/memory_region.h"

namespace ember::storage {

class CountingPersist final : public Persist {
 public:
  void flush(std::span<const std::byte> range) override {
    flushes_ += 1;
    bytes_ += range.size();
  }
  void fence() override { fences_ += 1; }

  uint64_t flushes() const { return flushes_; }
  uint64_t bytes() const { return bytes_; }
  uint64_t fences() const { return fences_; }

 private:
  std::atomic<uint64_t> flushes_{0}, bytes_{0}, fences_{0};
};

class PersistentRegion final : public MemoryRegion {
 public:
  enum Media : uint8_t { page_cache, persistent_memory };

  explicit PersistentRegion(size_t size, Media media = page_cache) : size_(size), media_(media) {
    auto memory = open_dram_region({.size = size});
    check(memory.has_value(), "there is memory for the test");
    memory_ = std::move(*memory);
  }
  /// One that holds the bytes given; of which the first `size` are the arena.
  PersistentRegion(const std::vector<std::byte>& image, size_t size, Media media = page_cache)
      : PersistentRegion(image.size(), media) {
    size_ = size;
    std::memcpy(memory_->bytes().data(), image.data(), image.size());
  }

  std::span<std::byte> bytes() override { return memory_->bytes().first(size_); }
  std::span<std::byte> whole() override { return cut_ ? bytes() : memory_->bytes(); }
  std::span<const std::byte> view(size_t offset, std::span<std::byte> room) override {
    if (media_ == persistent_memory) {
      return MemoryRegion::view(offset, room);
    }
    std::memcpy(room.data(), whole().data() + offset, room.size());
    return room;
  }
  Persist* persist() override { return media_ == persistent_memory ? &persist_ : nullptr; }
  bool persistent() const override { return true; }
  Result<void> cut() override {
    cut_ = true;
    return {};
  }
  Result<void> sync(size_t, size_t size) override {
    synced_bytes_ += size;
    return {};
  }

  const CountingPersist& counts() const { return persist_; }
  size_t synced_bytes() const { return synced_bytes_; }
  bool was_cut() const { return cut_; }

  std::vector<std::byte> image() {
    const std::span<std::byte> all = whole();
    return {all.begin(), all.end()};
  }
  template <typename T>
  T read(size_t place) {
    return load_unaligned<T>(whole().data() + place);
  }
  template <typename T>
  void write(size_t place, const T& value) {
    store_unaligned(whole().data() + place, value);
  }
  void fill(size_t place, size_t size, int byte) {
    std::memset(whole().subspan(place, size).data(), byte, size);
  }
  void flip(size_t place, unsigned bit = 0) { whole()[place] ^= static_cast<std::byte>(1U << bit); }

 private:
  std::unique_ptr<MemoryRegion> memory_;
  size_t size_;
  Media media_;
  CountingPersist persist_;
  size_t synced_bytes_ = 0;
  bool cut_ = false;
};

}  // namespace ember::storage
