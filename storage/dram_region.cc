// SPDX-License-Identifier: BSD-3-Clause
// The region in ordinary memory: nothing of it outlives the process.
#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>

#include "base/log.h"
#include "storage/memory_region.h"

namespace ember::storage {
namespace {

class DramRegion : public MemoryRegion {
 public:
  explicit DramRegion(std::span<std::byte> bytes) : bytes_(bytes) {}
  ~DramRegion() override { ::munmap(bytes_.data(), bytes_.size()); }
  DramRegion(const DramRegion&) = delete;
  DramRegion& operator=(const DramRegion&) = delete;

  std::span<std::byte> bytes() override { return bytes_; }
  Persist* persist() override { return nullptr; }

 private:
  std::span<std::byte> bytes_;
};

}  // namespace

Result<std::unique_ptr<MemoryRegion>> open_dram_region(const DramOptions& options) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  if (options.preallocate) {
    flags |= MAP_POPULATE;
  }
  void* base = ::mmap(nullptr, options.size, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (base == MAP_FAILED) {
    return fail_errno(
        fmt::format("cannot reserve {} MiB for items; lower -m or raise the memory limit of the "
                    "machine or container",
                    options.size / kMiB),
        errno);
  }
  if (options.huge_pages && ::madvise(base, options.size, MADV_HUGEPAGE) != 0) {
    log::debug("transparent huge pages are not to be had for the arena: errno {}", errno);
  }
  return std::make_unique<DramRegion>(std::span(static_cast<std::byte*>(base), options.size));
}

}  // namespace ember::storage
