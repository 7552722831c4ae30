// SPDX-License-Identifier: BSD-3-Clause
#include "storage/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "storage/recovery.h"
#include "storage/store_impl.h"

namespace ember::storage {
namespace {

ThreadState& state_of(StoreThread& thread) { return static_cast<ThreadState&>(thread); }

size_t smallest_chunk(const StoreOptions& options) {
  return Item::kHeaderSize + std::max<size_t>(options.min_item_space, 8);
}

// Classes that stand this far apart leave each some two pages: with fewer, every new size would
// take a page from another, and back. At best memcached's growth factor.
double tolerated_waste(size_t memory_limit, const SizeClasses& classes) {
  const double range = static_cast<double>(classes.largest()) / classes.chunk_size(1);
  const auto pages =
      static_cast<double>(memory_limit) / static_cast<double>(page_size_for(memory_limit));
  return std::max(1.25, std::pow(range, 2 / pages));
}

}  // namespace

StoreImpl::StoreImpl(const StoreOptions& options, MemoryRegion& region, const Clock& clock,
                     Takeover takeover)
    : options_(options),
      region_(region),
      clock_(clock),
      durable_(region.persist()),
      takeover_(std::move(takeover)),
      salt_(takeover_.record.file_id),
      classes_(options.growth_factor, smallest_chunk(options),
               page_payload(takeover_.record.page_size)),
      tolerated_(tolerated_waste(options.memory_limit, classes_)),
      pages_(region.bytes(), takeover_.record.page_size, classes_, region.capacity()),
      slabs_(classes_.count() + 1),
      past_uses_(slabs_.size()),
      past_changes_(slabs_.size()),
      use_at_reset_(slabs_.size()),
      pressures_(slabs_.size()),
      sweep_ordinals_(slabs_.size()),
      memory_limit_(options.memory_limit),
      sizes_(options.item_size_max) {
  pages_.set_region(region);
  for (size_t id = 0; id < slabs_.size(); ++id) {
    slabs_[id] = std::make_unique<SlabClass>(static_cast<uint8_t>(id), pages_, classes_);
  }
}

StoreImpl::~StoreImpl() = default;

Result<void> StoreImpl::open() {
  if (auto opened = region_.persistent() ? open_persistent() : open_index(0); !opened) {
    return opened;
  }
  if (options_.track_sizes) {
    sizes_.enable(last_cas_.load());
  }
  return {};
}

Result<void> StoreImpl::open_persistent() {
  if (auto begun = begin_persistent(); !begun) {
    return begun;
  }
  Recovery recovery(*this);
  recovery.survey();
  if (auto opened = open_index(recovery.most_items()); !opened) {
    return opened;
  }
  if (auto recovered = recover(recovery); !recovered) {
    return recovered;
  }
  return settle_persistent();
}

Result<void> StoreImpl::open_index(size_t most_items) {
  const Index::Options options{.max_items = region_.capacity() / classes_.chunk_size(1),
                               .initial_power = options_.hash_power,
                               .expected_items = most_items};
  auto index =
      Index::open(options, [this](std::span<const uint64_t> offsets, std::span<Hash> hashes) {
        for (const uint64_t offset : offsets) {
          __builtin_prefetch(pages_.at(offset));
        }
        for (size_t i = 0; i < offsets.size(); ++i) {
          hashes[i] = hash_key(pages_.item(offsets[i])->key());
        }
      });
  if (!index) {
    return std::unexpected(index.error());
  }
  index_ = std::move(*index);
  return {};
}

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options, MemoryRegion& region,
                                           const Clock& clock) {
  if (options.memory_limit < kMiB || options.memory_limit % kMiB != 0 ||
      region.bytes().size() != options.memory_limit) {
    return fail("the store's memory is not a whole number of MiB; give -m in MiB");
  }
  if (options.memory_limit > IndexEntry::kMaxOffset) {
    return fail(fmt::format("-m is limited to {} MiB", IndexEntry::kMaxOffset / kMiB));
  }
  Takeover takeover = judge_region(region, clock.now());
  if (region.persistent() && options.strict && !takeover.warm && !takeover.blank) {
    return fail(
        fmt::format("the memory file cannot be taken over: {}; start once without "
                    "--memory-file-strict to begin empty, or name another file",
                    takeover.reason));
  }
  auto impl = std::make_unique<StoreImpl>(options, region, clock, std::move(takeover));
  if (auto opened = impl->open(); !opened) {
    return std::unexpected(opened.error());
  }
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Store::Store(std::unique_ptr<StoreImpl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

std::unique_ptr<StoreThread> Store::register_thread() { return impl_->register_thread(); }

void Store::prefetch_bucket(Hash hash) const { impl_->prefetch_bucket(hash); }

void Store::prefetch_item(Hash hash) const { impl_->prefetch_item(hash); }

Found Store::find(StoreThread&, std::string_view key, Hash hash, Access access) {
  return impl_->find(key, hash, access);
}

Draft Store::draft(StoreThread& thread, const ItemPlan& plan) {
  return impl_->draft(state_of(thread), plan);
}

Written Store::publish(StoreThread& thread, Draft draft, const WriteRule& rule) {
  return impl_->publish(state_of(thread), std::move(draft), StoreImpl::PublishRule(rule));
}

Written Store::concatenate(StoreThread& thread, const ItemName& name, std::string_view bytes,
                           End end, const WriteRule& rule) {
  return impl_->concatenate(state_of(thread), name, bytes, end, rule);
}

Counted Store::arithmetic(StoreThread& thread, std::string_view key, Hash hash,
                          const ArithmeticRule& rule) {
  return impl_->arithmetic(state_of(thread), key, hash, rule);
}

Found Store::touch(StoreThread&, std::string_view key, Hash hash, UnixSeconds exptime,
                   Access access) {
  return impl_->touch(key, hash, exptime, access);
}

Written Store::remove(StoreThread& thread, std::string_view key, Hash hash,
                      std::optional<uint64_t> cas_compare) {
  return impl_->remove(state_of(thread), key, hash, cas_compare);
}

Written Store::invalidate(StoreThread& thread, std::string_view key, Hash hash,
                          const InvalidateRule& rule) {
  return impl_->invalidate(state_of(thread), key, hash, rule);
}

bool Store::try_win(const Item& item) { return impl_->try_win(item); }

void Store::flush_all(StoreThread&, UnixSeconds when) { impl_->flush_all(when); }

bool Store::pin(StoreThread&, const Item& item) { return impl_->pin(item); }

void Store::unpin(const Item& item) { impl_->unpin(item); }

size_t Store::part_count(const Item& item) const { return impl_->part_count(item); }

std::string_view Store::part(const Item& item, size_t index) const {
  return impl_->part(item, index);
}

uint8_t Store::class_of(const Item& item) const { return impl_->class_of(item); }

bool Store::maintain(StoreThread& thread) { return impl_->maintain(state_of(thread)); }

RecoveryReport Store::recovery() const { return impl_->recovery(); }

Result<void> Store::close(bool sync) { return impl_->close(sync); }

StoreStats Store::stats() const { return impl_->stats(); }

std::vector<ClassStats> Store::class_stats() const { return impl_->class_stats(); }

std::vector<ClassUse> Store::class_use() const { return impl_->class_use(); }

void Store::reset_stats() { impl_->reset_stats(); }

void Store::dump(StoreThread&, DumpCursor& cursor, std::vector<DumpedItem>& out) {
  impl_->dump(cursor, out);
}

bool Store::crawl(const ClassSet& classes) { return impl_->crawl(classes); }

Result<void> Store::resize(size_t limit) { return impl_->resize(limit); }

PageMove Store::move_page(int from, int to) { return impl_->move_page(from, to); }

void Store::track_sizes(bool on) { impl_->track_sizes(on); }

const SizeHistogram& Store::sizes() const { return impl_->sizes(); }

StoreTuning& Store::tuning() { return impl_->tuning(); }

size_t Store::class_count() const { return impl_->class_count(); }

}  // namespace ember::storage
