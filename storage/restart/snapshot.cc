// SPDX-License-Identifier: BSD-3-Clause
#include "storage/restart/snapshot.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/mutex.h"
#include "storage/media/state_format.h"

namespace ember::storage {
namespace {

// Enough for the threads to share, and little beside what one of them has to do anyway.
constexpr size_t kLeastPart = kMiB;
// What one thread copies before another is worth starting: some 40 ms. Less is over as soon
// without, as threads of one process wait for each other when memory is mapped.
constexpr size_t kWorthAThread = 128 * kMiB;
// Well below kStateMaxSections.
constexpr size_t kMostParts = 3000;

template <typename T>
void append(std::vector<std::byte>& bytes, const T& value) {
  bytes.resize(bytes.size() + sizeof(T));
  store_unaligned(bytes.data() + bytes.size() - sizeof(T), value);
}

/// Takes values from the front of a range.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  template <typename T>
  T take() {
    if (bytes_.size() < sizeof(T)) {
      short_ = true;
      return T{};
    }
    const T value = load_unaligned<T>(bytes_.data());
    bytes_ = bytes_.subspan(sizeof(T));
    return value;
  }
  size_t left() const { return bytes_.size(); }
  bool complete() const { return !short_ && bytes_.empty(); }

 private:
  std::span<const std::byte> bytes_;
  bool short_ = false;
};

/// What is in flight at a stop is free afterwards.
uint8_t after_stop(uint8_t state) {
  const bool stays = chunk_state::is_queued(state) || state == chunk_state::kPart ||
                     state == chunk_state::kDirectory;
  return stays ? state : chunk_state::kFree;
}

}  // namespace

template <typename Work>
void Snapshot::in_parallel(Work&& work) const {
  std::atomic<size_t> next{0};
  const auto run = [&] {
    for (size_t number = next++; number < parts_.size(); number = next++) {
      work(number);
    }
  };
  std::vector<std::jthread> helpers;
  size_t bytes = 0;
  for (const Part& part : parts_) {
    bytes += size_of(part);
  }
  const size_t wanted = std::min<size_t>(core_.options.recovery_threads, 1 + bytes / kWorthAThread);
  for (size_t i = 1; i < wanted; ++i) {
    helpers.emplace_back(run);
  }
  run();
}

void Snapshot::gather() {
  check(page_list_.empty() && classes_.empty(), "a snapshot is written or read once");
  image_ = core_.index->image();
  const std::vector<ItemCounters> counters = counters_.items();
  for (size_t id = 0; id < core_.slabs.size(); ++id) {
    SlabClass& size_class = core_.slabs[id];
    const MutexLock lock(size_class.mutex);
    for (const uint32_t number : size_class.pages()) {
      const PageInfo& page = pages_.page(number);
      page_list_.push_back({.number = number,
                            .class_id = static_cast<uint32_t>(id),
                            .chunks = static_cast<uint32_t>(page.states->count()),
                            .earliest_expiry = page.earliest_expiry.load()});
    }
    classes_.push_back({.items = counters[id].items_added - counters[id].items_removed,
                        .bytes = counters[id].bytes_added - counters[id].bytes_removed,
                        .queues = size_class.queues()});
  }
}

std::vector<std::byte> Snapshot::description() const {
  std::vector<std::byte> bytes;
  append(bytes, Head{.page_count = page_list_.size(),
                     .class_count = classes_.size(),
                     .free_count = image_.free_overflow.size(),
                     .overflow_used = image_.overflow_used,
                     .index_size = image_.size,
                     .index_count = image_.count});
  for (const Page& page : page_list_) {
    append(bytes, page);
  }
  for (const Class& each : classes_) {
    append(bytes, each);
  }
  for (const uint32_t number : image_.free_overflow) {
    append(bytes, number);
  }
  check(bytes.size() == sizeof(Head) + page_list_.size() * sizeof(Page) +
                            classes_.size() * sizeof(Class) +
                            image_.free_overflow.size() * sizeof(uint32_t),
        "a description has all pages, classes and free buckets");
  return bytes;
}

Result<void> Snapshot::parse(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  const auto head = reader.take<Head>();
  if (head.page_count > pages_.count() || head.class_count != core_.slabs.size() ||
      head.free_count * sizeof(uint32_t) > reader.left()) {
    return fail("its page and class counts are not this memory file's");
  }
  for (size_t i = 0; i < head.page_count; ++i) {
    page_list_.push_back(reader.take<Page>());
  }
  for (size_t i = 0; i < head.class_count; ++i) {
    classes_.push_back(reader.take<Class>());
  }
  for (size_t i = 0; i < head.free_count; ++i) {
    image_.free_overflow.push_back(reader.take<uint32_t>());
  }
  image_.size = head.index_size;
  image_.count = head.index_count;
  image_.overflow_used = static_cast<uint32_t>(head.overflow_used);
  return reader.complete() ? Result<void>() : fail("its description is cut off");
}

/// The snapshot's pages are the file's: none changed hands, and no header is damaged.
Result<void> Snapshot::compare_pages(std::span<const uint32_t> pages) const {
  if (pages.size() != page_list_.size()) {
    return fail("page headers of the memory file have changed or are damaged");
  }
  for (const Page& page : page_list_) {
    if (page.number >= pages_.count() || page.class_id >= core_.slabs.size()) {
      return fail("it names pages that cannot be");
    }
    const PageInfo& info = pages_.page(page.number);
    if (info.class_id.load() != page.class_id || info.states == nullptr ||
        info.states->count() != page.chunks) {
      return fail("page headers of the memory file have changed or are damaged");
    }
  }
  return {};
}

void Snapshot::lay_out() {
  const size_t buckets = core_.index->bucket_bytes().size();
  const size_t overflow = core_.index->overflow_bytes().size();
  const size_t states = pages_.bytes() * 2;
  const size_t step =
      align_up(std::max(kLeastPart, (buckets + overflow + states) / kMostParts), kCacheLineSize);
  for (size_t from = 0; from < buckets; from += step) {
    parts_.push_back({Part::buckets, from, std::min(from + step, buckets)});
  }
  for (size_t from = 0; from < overflow; from += step) {
    parts_.push_back({Part::overflow, from, std::min(from + step, overflow)});
  }
  for (size_t from = 0; from < page_list_.size();) {
    size_t to = from;
    for (size_t size = 0; to < page_list_.size() && size < step; ++to) {
      size += size_of(page_list_[to]);
    }
    check(to > from, "a part has a page at least");
    parts_.push_back({Part::states, from, to});
    from = to;
  }
}

size_t Snapshot::size_of(const Page& page) const {
  const bool large = pages_.page(page.number).owners != nullptr;
  return align_up(page.chunks, 8) + (large ? page.chunks * sizeof(uint64_t) : 0);
}

size_t Snapshot::size_of(const Part& part) const {
  if (part.kind != Part::states) {
    return part.to - part.from;
  }
  size_t size = 0;
  for (size_t i = part.from; i < part.to; ++i) {
    size += size_of(page_list_[i]);
  }
  return size;
}

std::span<std::byte> Snapshot::index_bytes(const Part& part) const {
  const std::span<std::byte> all =
      part.kind == Part::buckets ? core_.index->bucket_bytes() : core_.index->overflow_bytes();
  check(part.from <= part.to && part.to <= all.size(), "a part of the index lies in it");
  return all.subspan(part.from, part.to - part.from);
}

Result<void> Snapshot::save(const Part& part, StateWriter& writer, size_t section) const {
  if (part.kind != Part::states) {
    return writer.write(section, index_bytes(part));
  }
  const size_t size = size_of(part);
  const auto bytes = std::make_unique_for_overwrite<std::byte[]>(size);
  save_states(part, bytes.get());
  return writer.write(section, {bytes.get(), size});
}

void Snapshot::save_states(const Part& part, std::byte* place) const {
  check(part.kind == Part::states && part.to <= page_list_.size(), "states are of listed pages");
  for (size_t i = part.from; i < part.to; ++i) {
    const PageInfo& page = pages_.page(page_list_[i].number);
    const uint32_t chunks = page_list_[i].chunks;
    for (uint32_t index = 0; index < chunks; ++index) {
      place[index] = static_cast<std::byte>(after_stop(page.states->get(index)));
    }
    place += align_up(chunks, 8);
    for (uint32_t index = 0; page.owners != nullptr && index < chunks; ++index) {
      store_unaligned(place, page.owners[index].load(std::memory_order_relaxed));
      place += sizeof(uint64_t);
    }
  }
}

bool Snapshot::restore(const Part& part, const StateReader& reader, size_t section) const {
  const size_t size = size_of(part);
  if (reader.section_size(section) != size) {
    return false;
  }
  if (part.kind != Part::states) {
    return reader.read(section, index_bytes(part)).has_value();
  }
  const auto bytes = std::make_unique_for_overwrite<std::byte[]>(size);
  if (!reader.read(section, {bytes.get(), size})) {
    return false;
  }
  restore_states(part, bytes.get());
  return true;
}

void Snapshot::restore_states(const Part& part, const std::byte* place) const {
  check(part.kind == Part::states && part.to <= page_list_.size(), "states are of listed pages");
  for (size_t i = part.from; i < part.to; ++i) {
    PageInfo& page = pages_.page(page_list_[i].number);
    const uint32_t chunks = page_list_[i].chunks;
    page.states->assign(place);
    page.unverified = true;
    page.expires_at(page_list_[i].earliest_expiry);
    place += align_up(chunks, 8);
    for (uint32_t index = 0; page.owners != nullptr && index < chunks; ++index) {
      page.owners[index].store(load_unaligned<uint64_t>(place), std::memory_order_relaxed);
      place += sizeof(uint64_t);
    }
  }
}

Result<StateSeal> Snapshot::write(const StateOptions& options) {
  gather();
  lay_out();
  check(parts_.size() < kStateMaxSections, "there are no more sections than a state file has");
  const std::vector<std::byte> text = description();
  std::vector<uint64_t> sizes{text.size()};
  for (const Part& part : parts_) {
    sizes.push_back(size_of(part));
  }
  auto writer = StateWriter::create(options, sizes);
  if (!writer) {
    return std::unexpected(writer.error());
  }
  if (auto wrote = (*writer)->write(0, text); !wrote) {
    return std::unexpected(wrote.error());
  }
  Mutex mutex;
  Result<void> all;
  in_parallel([&](size_t number) {
    if (auto wrote = save(parts_[number], **writer, number + 1); !wrote) {
      const MutexLock lock(mutex);
      all = std::move(wrote);
    }
  });
  return all ? (*writer)->commit() : std::unexpected(all.error());
}

Result<void> Snapshot::read(const StateReader& reader, std::span<const uint32_t> pages) {
  if (reader.section_count() == 0) {
    return fail("it is empty");
  }
  std::vector<std::byte> text(reader.section_size(0));
  if (auto read = reader.read(0, text); !read) {
    return read;
  }
  if (auto parsed = parse(text); !parsed) {
    return parsed;
  }
  if (auto same = compare_pages(pages); !same) {
    return same;
  }
  if (!core_.index->adopt(image_)) {
    return fail("its index is larger than -m allows");
  }
  lay_out();
  if (reader.section_count() != parts_.size() + 1) {
    return fail("it has another number of sections than it describes");
  }
  std::atomic<bool> intact{true};
  in_parallel([&](size_t number) {
    if (!restore(parts_[number], reader, number + 1)) {
      intact = false;
    }
  });
  if (!intact) {
    return fail("a section is damaged");
  }
  restore_counters();
  return {};
}

void Snapshot::restore_counters() {
  for (const Page& page : page_list_) {
    const QueuedChunks queued = pages_.count_chunks(page.number);
    SlabClass& size_class = core_.slabs[page.class_id];
    const MutexLock lock(size_class.mutex);
    size_class.adopt_page(page.number, queued);
  }
  check(classes_.size() == core_.slabs.size(), "a snapshot has all classes");
  std::vector<ItemCounters> found(classes_.size());
  for (size_t id = 0; id < classes_.size(); ++id) {
    SlabClass& size_class = core_.slabs[id];
    const MutexLock lock(size_class.mutex);
    size_class.set_queues(classes_[id].queues);
    found[id].items_added += classes_[id].items;
    found[id].bytes_added += classes_[id].bytes;
  }
  counters_.add_found(found);
}

}  // namespace ember::storage
