// SPDX-License-Identifier: BSD-3-Clause
#include "storage/region/dram_region.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>

#include "base/check.h"
#include "base/log.h"

namespace ember::storage {
namespace {

constexpr size_t kHugePage = 2 * kMiB;

struct Mapping {
  std::span<std::byte> all;
  PageKind kind = PageKind::usual;
};

class DramRegion : public MemoryRegion {
 public:
  DramRegion(const Mapping& mapping, size_t size) : mapping_(mapping), size_(size) {
    check(size <= mapping.all.size(), "all of a region is mapped");
  }
  ~DramRegion() override { ::munmap(mapping_.all.data(), mapping_.all.size()); }
  DramRegion(const DramRegion&) = delete;
  DramRegion& operator=(const DramRegion&) = delete;

  std::span<std::byte> bytes() override { return mapping_.all.first(size_); }
  Persist* persist() override { return nullptr; }
  PageKind page_kind() const override { return mapping_.kind; }
  size_t capacity() override { return mapping_.all.size() / kMiB * kMiB; }

  Result<void> grow(size_t size) override {
    if (size > capacity()) {
      return MemoryRegion::grow(size);
    }
    check(size >= size_, "a region grows, and does not shrink");
    std::byte* const from = mapping_.all.data() + size_;
    if (::mprotect(from, size - size_, PROT_READ | PROT_WRITE) != 0) {
      return fail_errno(fmt::format("the system gives no {} MiB more; ask for less, or raise the "
                                    "memory limit of the machine or container",
                                    (size - size_) / kMiB),
                        errno);
    }
    if (mapping_.kind == PageKind::transparent) {
      ::madvise(from, size - size_, MADV_HUGEPAGE);
    }
    size_ = size;
    check(size_ <= mapping_.all.size(), "a region grows within its addresses");
    return {};
  }

  void decommit(size_t offset, size_t size) override {
    check(offset <= size_ && size <= size_ - offset, "memory given back lies in the region");
    std::byte* const from = mapping_.all.data() + offset;
    ::munlock(from, size);  // with -k: locked memory is not given back
    if (::madvise(from, size, MADV_DONTNEED) != 0) {
      log::debug("the system does not take memory back: errno {}", errno);
    }
  }

 private:
  Mapping mapping_;
  size_t size_;
};

/// Fails where no pool of huge pages was set aside (vm.nr_hugepages), or it is too small.
Result<Mapping> map_huge(size_t size) {
  const size_t whole = align_up(size, kHugePage);
  check(whole >= size, "huge pages hold all of a region");
  // Not MAP_NORESERVE: a page that is missing later on would be a SIGBUS.
  void* base = ::mmap(nullptr, whole, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
  if (base == MAP_FAILED) {
    return fail_errno("no huge pages are set aside", errno);
  }
  return Mapping{.all = std::span(static_cast<std::byte*>(base), whole), .kind = PageKind::huge};
}

Result<Mapping> map_usual(const DramOptions& options) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  // With -L, what is touched before the system was asked for huge pages is small ones.
  if (options.preallocate && !options.huge_pages) {
    flags |= MAP_POPULATE;
  }
  // Addresses to grow into. Not with -k, which would lock memory there.
  const size_t reserved = options.preallocate ? options.size : dram_capacity(options.size);
  void* base = MAP_FAILED;
  if (reserved > options.size) {
    base = ::mmap(nullptr, reserved, PROT_NONE, flags, -1, 0);
  }
  if (base != MAP_FAILED && ::mprotect(base, options.size, PROT_READ | PROT_WRITE) != 0) {
    ::munmap(base, reserved);
    base = MAP_FAILED;
  }
  const size_t mapped = base == MAP_FAILED ? options.size : reserved;
  check(mapped >= options.size, "a region's addresses hold its bytes");
  if (base == MAP_FAILED) {
    base = ::mmap(nullptr, options.size, PROT_READ | PROT_WRITE, flags, -1, 0);
  }
  if (base == MAP_FAILED) {
    return fail_errno(
        fmt::format("cannot reserve {} MiB for items; lower -m or raise the memory limit of the "
                    "machine or container",
                    options.size / kMiB),
        errno);
  }
  Mapping mapping{.all = std::span(static_cast<std::byte*>(base), mapped)};
  if (options.huge_pages) {
    mapping.kind = ask_for_huge_pages(mapping.all.first(options.size), "enabled")
                       ? PageKind::transparent
                       : PageKind::usual;
    if (options.preallocate) {
      ::madvise(base, options.size, MADV_POPULATE_WRITE);
    }
  }
  return mapping;
}

}  // namespace

Result<std::unique_ptr<MemoryRegion>> open_dram_region(const DramOptions& options) {
  check(options.size != 0, "a region has bytes");
  Result<Mapping> mapping =
      options.huge_pages ? map_huge(options.size) : Result<Mapping>(map_usual(options));
  if (!mapping && options.huge_pages) {
    mapping = map_usual(options);
  }
  if (!mapping) {
    return std::unexpected(mapping.error());
  }
  return std::make_unique<DramRegion>(*mapping, options.size);
}

}  // namespace ember::storage
