// SPDX-License-Identifier: BSD-3-Clause
#include "tests/property/crash_region.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace ember::property {
namespace {

constexpr size_t kPage = 4096;

bool same(const std::byte* a, const std::byte* b, size_t size) {
  return std::memcmp(a, b, size) == 0;
}

}  // namespace

PageBytes::PageBytes(size_t size)
    : bytes_(static_cast<std::byte*>(std::aligned_alloc(kPage, size))), size_(size) {
  check(bytes_ != nullptr && size % kPage == 0, "the test has memory, in whole pages");
  std::memset(bytes_.get(), 0, size);
}

void PageBytes::Free::operator()(std::byte* bytes) const { std::free(bytes); }

CrashRegion::CrashRegion(size_t size)
    : durable_(size), queued_(size), current_(size), in_queue_(size / kCacheLineSize) {}

CrashRegion::CrashRegion(std::span<const std::byte> content) : CrashRegion(content.size()) {
  std::ranges::copy(content, durable_.span().begin());
  std::ranges::copy(content, current_.span().begin());
}

std::byte* CrashRegion::at(const PageBytes& of, uint32_t line) const {
  return of.span().data() + size_t{line} * kCacheLineSize;
}

void CrashRegion::plant(Plant plant) {
  plant_ = plant;
  counts_ = {};
}

void CrashRegion::notify(Moment moment) {
  if (listener_ && !listening_) {
    listening_ = true;
    listener_(moment);
    listening_ = false;
  }
}

void CrashRegion::decommit(size_t offset, size_t size) {
  std::memset(bytes().subspan(offset, size).data(), 0, size);
}

void CrashRegion::flush(std::span<const std::byte> range) {
  const auto all = bytes();
  check(range.data() >= all.data() && range.data() + range.size() <= all.data() + all.size(),
        "what is flushed lies in the region");
  notify(Moment::flush);
  if (to_flush(range).empty()) {
    ++counts_.idle_flushes;
    return;
  }
  const bool planted = counts_.flushes++ == plant_.at;
  if (planted && plant_.bug == Plant::Bug::lost_flush) {
    return;
  }
  if (planted && plant_.bug == Plant::Bug::late_flush) {
    late_.push_back(range);
    return;
  }
  enqueue(range);
}

std::vector<uint32_t> CrashRegion::to_flush(std::span<const std::byte> range) const {
  std::vector<uint32_t> lines;
  if (range.empty()) {
    return lines;
  }
  const auto from = static_cast<size_t>(range.data() - current_.span().data());
  const auto first = static_cast<uint32_t>(from / kCacheLineSize);
  const auto last = static_cast<uint32_t>((from + range.size() - 1) / kCacheLineSize);
  for (uint32_t line = first; line <= last; ++line) {
    const PageBytes& known = in_queue_[line] ? queued_ : durable_;
    if (!same(at(known, line), at(current_, line), kCacheLineSize)) {
      lines.push_back(line);
    }
  }
  return lines;
}

void CrashRegion::enqueue(std::span<const std::byte> range) {
  for (const uint32_t line : to_flush(range)) {
    std::memcpy(at(queued_, line), at(current_, line), kCacheLineSize);
    if (!in_queue_[line]) {
      in_queue_[line] = true;
      waiting_.push_back(line);
    }
  }
}

void CrashRegion::fence() {
  notify(Moment::fence);
  if (waiting_.empty() && late_.empty()) {
    ++counts_.idle_fences;
    return;
  }
  if (counts_.fences++ == plant_.at && plant_.bug == Plant::Bug::lost_fence) {
    return;
  }
  for (const uint32_t line : waiting_) {
    std::memcpy(at(durable_, line), at(queued_, line), kCacheLineSize);
    in_queue_[line] = false;
  }
  waiting_.clear();
  for (const auto range : std::exchange(late_, {})) {
    enqueue(range);
  }
}

std::vector<CrashRegion::OpenLine> CrashRegion::open_lines() const {
  std::vector<OpenLine> lines;
  std::vector<uint32_t> pages;
  const auto page_of = [](uint32_t line) {
    return static_cast<uint32_t>(line / (kPage / kCacheLineSize));
  };
  for (uint32_t page = 0; page < current_.span().size() / kPage; ++page) {
    const size_t offset = size_t{page} * kPage;
    if (!same(current_.span().data() + offset, durable_.span().data() + offset, kPage)) {
      pages.push_back(page);
    }
  }
  for (const uint32_t line : waiting_) {
    pages.push_back(page_of(line));
  }
  std::ranges::sort(pages);
  const auto rest = std::ranges::unique(pages);
  pages.erase(rest.begin(), rest.end());
  constexpr uint32_t kLines = kPage / kCacheLineSize;
  for (const uint32_t page : pages) {
    for (uint32_t line = page * kLines; line < (page + 1) * kLines; ++line) {
      OpenLine open{.number = line, .queued = in_queue_[line]};
      const PageBytes& known = open.queued ? queued_ : durable_;
      open.changed = !same(at(current_, line), at(known, line), kCacheLineSize);
      if (open.queued || open.changed) {
        lines.push_back(open);
      }
    }
  }
  return lines;
}

std::span<const std::byte> CrashRegion::line(uint32_t number, Content content) const {
  const bool queued = content == Content::queued && in_queue_[number];
  const PageBytes& of = queued ? queued_ : (content == Content::current ? current_ : durable_);
  return {at(of, number), kCacheLineSize};
}

bool CrashRegion::is_safe(std::span<const std::byte> range) const {
  const auto from = static_cast<size_t>(range.data() - current_.span().data());
  const auto first = static_cast<uint32_t>(from / kCacheLineSize);
  const auto last = static_cast<uint32_t>((from + range.size() - 1) / kCacheLineSize);
  for (uint32_t line = first; line <= last; ++line) {
    // Only the bytes of the range: a neighbour in the line may be on its way.
    const size_t begin = std::max(from, size_t{line} * kCacheLineSize);
    const size_t end = std::min(from + range.size(), size_t{line + 1} * kCacheLineSize);
    const std::byte* current = current_.span().data() + begin;
    if (!same(current, durable_.span().data() + begin, end - begin) ||
        (in_queue_[line] && !same(current, queued_.span().data() + begin, end - begin))) {
      return false;
    }
  }
  return true;
}

}  // namespace ember::property
