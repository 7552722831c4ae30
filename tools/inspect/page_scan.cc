// SPDX-License-Identifier: BSD-3-Clause
#include "tools/inspect/page_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/bytes.h"
#include "base/check.h"
#include "storage/item/chain.h"
#include "storage/slab/page_table.h"
#include "storage/slab/size_classes.h"

namespace ember::inspect {

using storage::Item;
using storage::ItemCheck;
using storage::PageHeader;
using storage::PageTable;

namespace {

constexpr size_t kProblemsKept = 20;
// A page that is written to meanwhile is read so often before its damage is believed.
constexpr int kLooks = 4;
constexpr std::chrono::milliseconds kBetweenLooks{5};

}  // namespace

PageScan::PageScan(const MemoryFile& file, const Header& header, UnixSeconds now)
    : file_(file),
      header_(header),
      now_(std::max(now, header.noted)),
      page_size_(header.record->page_size),
      part_size_(storage::SizeClasses::largest_for(storage::page_payload(page_size_))),
      in_use_(file.user().has_value()),
      page_(page_size_ / sizeof(uint64_t)) {
  check(header.readable, "pages are looked at where the superblock says how large they are");
}

Result<ScanResult> PageScan::survey() { return scan(nullptr); }

Result<ScanResult> PageScan::look(const ItemVisitor& visit) { return scan(&visit); }

Result<ScanResult> PageScan::scan(const ItemVisitor* visit) {
  result_ = ScanResult();
  result_.chunks_read = visit != nullptr;
  // Page numbers have 32 bits; no arena has more pages.
  constexpr size_t kMostPages = ~uint32_t{0};
  result_.pages = std::min(file_.size() / page_size_, kMostPages);
  size_t number = 1;
  while (number < result_.pages) {
    const size_t data = file_.next_data(number * page_size_) / page_size_;
    check(data >= number, "a file has its next bytes further on");
    const size_t skipped = std::min<size_t>(data, result_.pages) - number;
    result_.free_pages += skipped;
    number += skipped;
    if (number < result_.pages) {
      if (auto done = scan_page(static_cast<uint32_t>(number), visit); !done) {
        return std::unexpected(done.error());
      }
      ++number;
    }
  }
  check(number == std::max<size_t>(result_.pages, 1), "each page is looked at or skipped");
  resolve_parts();
  return result_;
}

/// Returns false if the file ends before.
Result<bool> PageScan::read_page(uint32_t number, size_t size) {
  check(size <= page_size_, "a page is read into room for a page");
  auto* const bytes = reinterpret_cast<std::byte*>(page_.data());
  auto got = file_.read(size_t{number} * page_size_, {bytes, size});
  return got ? Result<bool>(*got == size) : std::unexpected(got.error());
}

/// Returns true for a page that is no class's: free, or not to be recognised.
bool PageScan::empty_here(uint32_t number, const PageHeader& header) {
  if (header.intact(number, header_.record->file_id)) {
    return false;
  }
  if (header.magic != 0) {
    ++result_.damaged_pages;
    complain(fmt::format("page {}: its header is damaged, or another file's", number));
  } else {
    ++result_.free_pages;
  }
  return true;
}

Result<void> PageScan::scan_page(uint32_t number, const ItemVisitor* visit) {
  check(number != 0 && number < result_.pages, "a page is looked at that holds chunks");
  PageCount counted;
  PageHeader header{};
  for (int attempt = 0; attempt < kLooks; ++attempt) {
    const auto whole = read_page(number, visit != nullptr ? page_size_ : sizeof(PageHeader));
    if (!whole) {
      return std::unexpected(whole.error());
    }
    if (!*whole) {
      ++result_.free_pages;  // shortened meanwhile
      return {};
    }
    header = load_unaligned<PageHeader>(page_.data());
    const bool intact = header.intact(number, header_.record->file_id);
    counted = intact && visit != nullptr ? count_page(number, header.chunk_size) : PageCount();
    const bool damaged = counted.row.damaged != 0 || (!intact && header.magic != 0);
    if (!in_use_ || !damaged || attempt + 1 == kLooks) {
      break;
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
  if (empty_here(number, header)) {
    return {};
  }
  ClassRow& row = result_.classes[header.chunk_size];
  ++row.pages;
  row.chunks += header.chunk_size == 0 ? 0 : storage::chunks_in_page(page_size_, header.chunk_size);
  chunk_sizes_[number] = header.chunk_size;
  if (visit != nullptr) {
    take(header.chunk_size, counted, *visit);
  }
  return {};
}

storage::ChunkFrame PageScan::frame_of(uint64_t offset, uint32_t chunk_size) const {
  return {.offset = offset,
          .size = chunk_size,
          .salt = header_.record->file_id,
          .part_size = part_size_,
          // The process that has the file may have reserved more numbers since.
          .last_sequence = in_use_ ? ~uint64_t{0} : header_.record->cas};
}

const Item& PageScan::item_at(uint64_t offset) const {
  check(offset % page_size_ <= page_size_ - Item::kHeaderSize, "a chunk lies within its page");
  const auto* const bytes = reinterpret_cast<const std::byte*>(page_.data());
  return *reinterpret_cast<const Item*>(bytes + offset % page_size_);
}

PageScan::PageCount PageScan::count_page(uint32_t number, uint32_t chunk_size) {
  PageCount counted;
  if (chunk_size < Item::kHeaderSize || chunk_size % 8 != 0) {
    counted.problems.push_back(
        fmt::format("page {}: chunks of {} bytes cannot be", number, chunk_size));
    return counted;
  }
  const size_t count = storage::chunks_in_page(page_size_, chunk_size);
  for (size_t index = 0; index < count; ++index) {
    const uint64_t offset = storage::first_chunk(number, page_size_) + index * chunk_size;
    const ItemCheck judged = check_item(item_at(offset), frame_of(offset, chunk_size));
    if (judged.verdict == ItemCheck::intact) {
      counted.items.push_back(offset);
    } else if (judged.verdict == ItemCheck::damaged && chunk_size < PageTable::kLargeChunk) {
      // Large chunks hold parts of values too, whose bytes may be anything.
      ++counted.row.damaged;
      counted.problems.push_back(
          fmt::format("page {}, byte {}: an item is damaged", number, offset));
    }
  }
  return counted;
}

void PageScan::take(uint32_t chunk_size, const PageCount& counted, const ItemVisitor& visit) {
  check(result_.chunks_read, "chunks are counted where they are read");
  ClassRow& row = result_.classes[chunk_size];
  row.damaged += counted.row.damaged;
  result_.damaged += counted.row.damaged;
  row.items += counted.items.size();
  check(row.items + row.damaged <= row.chunks, "a chunk is counted once");
  for (const std::string& problem : counted.problems) {
    complain(problem);
  }
  for (const uint64_t offset : counted.items) {
    const Item& item = item_at(offset);
    row.item_bytes += static_cast<size_t>(item.body() - reinterpret_cast<const char*>(&item)) +
                      (item.chained() ? 0 : item.value_size());
    add_item(item, offset, visit);
  }
}

void PageScan::add_item(const Item& item, uint64_t offset, const ItemVisitor& visit) {
  ++result_.items;
  const UnixSeconds exptime = item.exptime();
  if (exptime != 0 && exptime <= now_) {
    ++result_.expired;
  } else if (item.sequence() <= header_.record->flush_horizon) {
    ++result_.flushed;
  }
  storage::Chain::of(item, part_size_).for_each([&](const storage::Chain::Part& part) {
    parts_.push_back({.offset = part.offset, .head = offset, .needed = part.size});
  });
  visit(item, offset);
}

/// Returns why no part can lie there; nothing if one can.
std::string PageScan::why_damaged(const Part& part) const {
  check(part.needed != 0 && part.needed <= part_size_, "a part has bytes, and no more than a part");
  const uint64_t page = part.offset / page_size_;
  const size_t inside = part.offset % page_size_;
  const auto found = chunk_sizes_.find(page);
  if (found == chunk_sizes_.end() || found->second == 0) {
    return "in no page";
  }
  const uint32_t chunk_size = found->second;
  if (inside < sizeof(PageHeader) || (inside - sizeof(PageHeader)) % chunk_size != 0 ||
      inside + part.needed > page_size_) {
    return "in no chunk";
  }
  return chunk_size < part.needed ? "in a chunk too small for it" : "";
}

void PageScan::resolve_parts() {
  std::ranges::sort(parts_, {}, &Part::offset);
  uint64_t before = 0;  // the superblock is there: no part
  for (const Part& part : parts_) {
    const std::string why = part.offset == before ? "where another one lies" : why_damaged(part);
    if (why.empty()) {
      ClassRow& row = result_.classes[chunk_sizes_[part.offset / page_size_]];
      ++row.parts;
      row.item_bytes += part.needed;
    } else if (!in_use_) {
      // Elsewhere it may have been replaced between two pages.
      ++result_.damaged;
      complain(fmt::format("byte {}: a part of that item lies {}", part.head, why));
    }
    before = part.offset;
  }
  parts_.clear();
}

void PageScan::complain(std::string problem) {
  ++result_.problem_count;
  if (result_.problems.size() < kProblemsKept) {
    result_.problems.push_back(std::move(problem));
  }
  check(result_.problems.size() <= result_.problem_count, "a problem that is told is counted");
}

}  // namespace ember::inspect
