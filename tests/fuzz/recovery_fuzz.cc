// SPDX-License-Identifier: BSD-3-Clause
// Fuzzes recovery: a sound region, patched as the input says, is opened, used, closed and
// opened again. Nothing may crash, whatever is found is whole, and what was written afterwards
// comes back.
//
// An input is a byte of options and a list of patches: a kind and its operands. Some kinds renew
// the checksum over what they changed, so that what lies behind the checks is reached too. The
// region is on the heap, so that the address sanitizer knows its ends.
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "storage/core/store_thread.h"
#include "storage/item/item_check.h"
#include "storage/item/item_writer.h"
#include "storage/media/superblock.h"
#include "storage/slab/page_table.h"
#include "storage/store.h"

namespace {

using namespace ember;           // NOLINT(google-build-using-namespace)
using namespace ember::storage;  // NOLINT(google-build-using-namespace)

constexpr size_t kWhole = 2 * kMiB;
constexpr uint64_t kFileId = 0x0123456789abcdef;
constexpr size_t kKeys = 40;
constexpr UnixSeconds kLongAgo = 1000;
constexpr UnixSeconds kIn2096 = 4'000'000'000;

void require(bool condition, const char* what) {
  if (!condition) {
    std::cerr << "recovery_fuzz: not so: " << what << "\n";
    std::abort();
  }
}

class HeapRegion final : public MemoryRegion {
 public:
  explicit HeapRegion(size_t size)
      : size_(size), bytes_(static_cast<std::byte*>(std::aligned_alloc(4096, kWhole))) {
    std::memset(bytes_, 0, kWhole);
  }
  HeapRegion(const HeapRegion&) = delete;
  HeapRegion& operator=(const HeapRegion&) = delete;
  ~HeapRegion() override { std::free(bytes_); }

  std::span<std::byte> bytes() override { return {bytes_, size_}; }
  std::span<std::byte> whole() override { return {bytes_, cut_ ? size_ : kWhole}; }
  Result<void> cut() override {
    cut_ = true;
    return {};
  }
  Persist* persist() override { return nullptr; }
  bool persistent() const override { return true; }
  std::byte* at(size_t place) { return bytes_ + place; }

 private:
  size_t size_;  // of the arena
  std::byte* bytes_;
  bool cut_ = false;
};

std::string key_of(size_t number) { return "key" + std::to_string(number); }

/// The bytes of an input, one after the other; zeros when there are no more.
class Operands {
 public:
  Operands(const uint8_t* data, size_t size) : left_(data, size) {}
  bool empty() const { return left_.empty(); }
  size_t number(size_t bytes) {
    size_t value = 0;
    for (size_t i = 0; i < bytes && !left_.empty(); ++i) {
      value |= size_t{left_.front()} << (8 * i);
      left_ = left_.subspan(1);
    }
    return value;
  }
  std::span<const uint8_t> some(size_t size) {
    const auto taken = left_.first(std::min(size, left_.size()));
    left_ = left_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const uint8_t> left_;
};

/// A store with one thread, and what the checks ask of it.
class Opened {
 public:
  Opened(const StoreOptions& options, HeapRegion& region) : region_(region) {
    auto store = Store::open(options, region, clock_);
    require(store.has_value(), "a region of any content opens");
    store_ = std::move(*store);
    thread_ = store_->register_thread();
  }

  bool set(const ItemPlan& asked, std::string_view value, const WriteRule& rule = {}) {
    ItemPlan plan = asked;
    plan.hash = hash_key(plan.key);
    plan.value_size = value.size();
    plan.sequenced = rule.cas_new.has_value();
    Draft draft = store_->draft(*thread_, plan);
    if (draft.outcome() != Outcome::stored) {
      return false;
    }
    draft.fill(value);
    const bool stored =
        store_->publish(*thread_, std::move(draft), rule).outcome == Outcome::stored;
    thread_->quiesce();
    return stored;
  }
  void remove(std::string_view key) {
    store_->remove(*thread_, key, hash_key(key), {});
    thread_->quiesce();
  }
  /// The value; an absent key has the value "absent". Reads every byte.
  std::string get(std::string_view key) {
    const Found found = store_->find(*thread_, key, hash_key(key), Access::mark);
    if (!found) {
      return "absent";
    }
    require(found.item->key() == key, "an item found has its key");
    std::string value;
    for (size_t i = 0; i < store_->part_count(*found.item); ++i) {
      const std::string_view piece = store_->part(*found.item, i);
      const auto* const first = reinterpret_cast<const std::byte*>(piece.data());
      require(first >= region_.at(0) && first + piece.size() <= region_.at(0) + kWhole,
              "a value lies in the region");
      value += piece;
    }
    require(value.size() == found.item->value_size(), "a value is as long as it says");
    return value;
  }
  void flush_all() { store_->flush_all(*thread_, 0); }
  void maintain() {
    for (int round = 0; round < 100 && store_->maintain(*thread_); ++round) {
      thread_->quiesce();
    }
  }
  void check_figures() const {
    uint64_t items = 0;
    for (const ClassStats& stats : store_->class_stats()) {
      require(stats.used_chunks + stats.free_chunks == stats.pages * stats.chunks_per_page,
              "a chunk is used or free");
      require(stats.items <= stats.used_chunks, "an item has a chunk");
      items += stats.items;
    }
    require(items == store_->stats().items, "classes' items are the store's");
  }
  void close() {
    thread_.reset();
    require(store_->close(false).has_value(), "a store closes");
  }

 private:
  HeapRegion& region_;
  Clock clock_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreThread> thread_;
};

void write_superblock(HeapRegion& region, const SuperblockRecord& record) {
  Superblock block(region);
  block.record = record;
  block.write();
}

/// As a process left it: small, large and chained items, some overwritten, deleted and expired.
const std::vector<std::byte>& sound_image() {
  static const std::vector<std::byte> image = [] {
    HeapRegion region(kWhole);
    SuperblockRecord record;
    record.page_size = kSmallestPage;
    record.file_id = kFileId;
    record.arena_size = kWhole;
    record.state = SuperblockRecord::running;
    record.media = SuperblockRecord::flushed;
    write_superblock(region, record);
    {
      Opened store({.memory_limit = kWhole}, region);
      store.set({.key = "flushed"}, "value");
      store.flush_all();
      for (size_t i = 0; i < kKeys; ++i) {
        const std::string key = key_of(i);
        store.set({.key = key, .exptime = i % 5 == 0 ? kIn2096 : 0}, std::string(i * i, 'a'));
      }
      store.set({.key = "key1"}, "overwritten");
      store.remove("key2");
      store.set({.key = "key3", .exptime = kLongAgo}, "expired");
      store.set({.key = "key4"}, std::string(70'000, 'b'));
      store.set({.key = "key5"}, std::string(120'000, 'c'));
      store.set({.key = "key6"}, "chosen", {.cas_new = 3});
      store.set({.key = "key7"}, std::string(9'000, 'd'));
      store.set({.key = "key8"}, std::string(500'000, 'e'));
      store.set({.key = "key9"}, std::string(300'000, 'f'));
    }
    record = load_unaligned<SuperblockRecord>(region.at(0));
    record.media = SuperblockRecord::flushed;  // warm after any boot
    write_superblock(region, record);
    return std::vector<std::byte>(region.bytes().begin(), region.bytes().end());
  }();
  return image;
}

/// Where live items begin.
const std::vector<size_t>& item_places() {
  static const std::vector<size_t> places = [] {
    std::vector<size_t> found;
    const std::byte* const image = sound_image().data();
    for (size_t page = kSmallestPage; page < kWhole; page += kSmallestPage) {
      const auto header = load_unaligned<PageHeader>(image + page);
      for (size_t place = page + sizeof(PageHeader);
           header.magic == PageHeader::kMagic && place + header.chunk_size <= page + kSmallestPage;
           place += header.chunk_size) {
        if (reinterpret_cast<const Item*>(image + place)->live()) {
          found.push_back(place);
        }
      }
    }
    return found;
  }();
  return places;
}

class Patcher {
 public:
  Patcher(HeapRegion& region, Operands& operands) : region_(region), operands_(operands) {}

  void patch_all() {
    for (int count = 0; count < 64 && !operands_.empty(); ++count) {
      switch (operands_.number(1) % 6) {
        case 0:
          overwrite();
          break;
        case 1:
          change_superblock();
          break;
        case 2:
          change_page_header();
          break;
        case 3:
          change_item();
          break;
        case 4:
          fill();
          break;
        default:
          copy();
          break;
      }
    }
  }

 private:
  size_t place() { return operands_.number(3) % kWhole; }

  void overwrite() {
    const size_t to = place();
    const auto bytes = operands_.some(operands_.number(1));
    std::memcpy(region_.at(to), bytes.data(), std::min(bytes.size(), kWhole - to));
  }
  void fill() {
    const size_t to = place();
    const size_t size = std::min(operands_.number(2), kWhole - to);
    std::memset(region_.at(to), static_cast<int>(operands_.number(1)), size);
  }
  void copy() {
    const size_t from = place();
    const size_t to = place();
    std::memmove(region_.at(to), region_.at(from),
                 std::min(operands_.number(2), kWhole - std::max(from, to)));
  }
  void change_superblock() {
    auto record = load_unaligned<SuperblockRecord>(region_.at(0));
    change(&record, offsetof(SuperblockRecord, checksum));
    // Just below the most that is believed, the next start would come to stand above it.
    record.cas &= ~(uint64_t{1} << 62);
    write_superblock(region_, record);
  }
  void change_page_header() {
    std::byte* const page = region_.at(kSmallestPage * (1 + operands_.number(1) % 31));
    auto header = load_unaligned<PageHeader>(page);
    change(&header, offsetof(PageHeader, checksum));
    header.checksum = XXH3_64bits(&header, offsetof(PageHeader, checksum));
    store_unaligned(page, header);
  }
  void change(void* record, size_t size) {
    const size_t at = operands_.number(1) % size;
    const auto bytes = operands_.some(1 + operands_.number(1) % 8);
    std::memcpy(static_cast<std::byte*>(record) + at, bytes.data(),
                std::min(bytes.size(), size - at));
  }
  /// Header, key or table; then it is sealed again, if its sizes let it be.
  void change_item() {
    const size_t at = item_places()[operands_.number(1) % item_places().size()];
    change(region_.at(at), std::min<size_t>(kMostChanged, kWhole - at));
    constexpr size_t kPartSize = SizeClasses::largest_for(page_payload(kSmallestPage));
    const auto& item = *reinterpret_cast<const Item*>(region_.at(at));
    const size_t parts = Chain::count_for(item.value_size(), kPartSize);
    const size_t most = Item::kHeaderSize + Item::kSequenceSize + item.key_size() +
                        (item.chained() ? Chain::table_size(parts) : 0);
    if (at + most > kWhole) {
      return;
    }
    constexpr uint32_t kBelowChecksum = (1U << 11) - 1;
    const uint32_t seal = item.seal() & kBelowChecksum;
    const uint32_t sum = ItemWriter::checksum(item, hash_key(item.key()), seal,
                                              {.cas = item.cas(),
                                               .sequence = item.sequence(),
                                               .offset = at,
                                               .salt = kFileId,
                                               .part_size = kPartSize});
    ItemWriter::seal(reinterpret_cast<Item*>(region_.at(at)), seal | sum << 11);
  }

  static constexpr size_t kMostChanged = 64;
  HeapRegion& region_;
  Operands& operands_;
};

std::string new_value(size_t number) {
  return std::string(number % 10 == 9 ? 40'000 : number * 3, static_cast<char>('A' + number % 26));
}

std::string brief(const std::string& value) {
  return std::to_string(value.size()) + " bytes '" + value.substr(0, 8) + "'";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Operands operands(data, size);
  const size_t choice = operands.number(1);
  StoreOptions options{.memory_limit = (choice & 16) != 0 ? kWhole / 2 : kWhole};
  options.growth_factor = (choice & 1) != 0 ? 1.3 : 1.08;
  options.min_item_space = (choice & 2) != 0 ? 48 : 24;
  options.recovery_threads = (choice & 4) != 0 ? 3 : 1;
  HeapRegion region(options.memory_limit);
  std::ranges::copy(sound_image(), region.whole().begin());
  Patcher(region, operands).patch_all();
  std::array<std::string, kKeys> written;
  {
    Opened store(options, region);
    store.check_figures();
    for (size_t i = 0; i < kKeys; ++i) {
      store.get(key_of(i));
    }
    for (size_t i = 0; i < kKeys; ++i) {
      if (i % 3 == 0) {
        store.remove(key_of(i));
      } else if (store.set({.key = key_of(i)}, new_value(i))) {
        require(store.get(key_of(i)) == new_value(i), "what was set is there");
      }
    }
    store.maintain();
    store.check_figures();
    for (size_t i = 0; i < kKeys; ++i) {
      written[i] = store.get(key_of(i));
      require(written[i] == "absent" || (i % 3 != 0 && written[i] == new_value(i)),
              "an item is as it was written last");
    }
    if ((choice & 8) != 0) {
      store.close();
    }
  }
  Opened again(options, region);
  again.check_figures();
  for (size_t i = 0; i < kKeys; ++i) {
    if (const std::string value = again.get(key_of(i)); value != written[i]) {
      std::cerr << key_of(i) << " was " << brief(written[i]) << ", is " << brief(value) << "\n";
      require(false, "a second start finds what the first one left");
    }
  }
  return 0;
}
