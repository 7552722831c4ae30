// SPDX-License-Identifier: BSD-3-Clause
// CrashImages: what a power cut at this moment may leave of a CrashRegion, one image after another.
// All there are, where they are few; otherwise the telling ones (all old, all new, one line against
// the rest) and random ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <span>

#include "storage/region/memory_region.h"
#include "tests/property/crash_region.h"

namespace ember::property {

/// The memory an image is recovered in: another one than the original's.
class ImageRegion final : public storage::MemoryRegion {
 public:
  explicit ImageRegion(size_t size) : bytes_(size) {}
  std::span<std::byte> bytes() override { return bytes_.span(); }
  storage::Persist* persist() override { return nullptr; }
  bool persistent() const override { return true; }

 private:
  PageBytes bytes_;
};

class CrashImages {
 public:
  CrashImages(size_t region_size, uint64_t seed) : image_(region_size), random_(seed) {}

  /// Calls `look` on up to `most` images of the region as it is. `look` may write to them.
  void each(const CrashRegion& region, unsigned most,
            const std::function<void(ImageRegion&)>& look);

 private:
  using Lines = std::vector<CrashRegion::OpenLine>;
  CrashRegion::Content pick(const CrashRegion::OpenLine& line, unsigned old_of_eight);
  void compose(const CrashRegion& region, const Lines& lines,
               const std::function<CrashRegion::Content(size_t)>& content_of);
  void compose_numbered(const CrashRegion& region, const Lines& lines, size_t number);
  void compose_sampled(const CrashRegion& region, const Lines& lines, unsigned turn);

  ImageRegion image_;
  std::mt19937_64 random_;
};

}  // namespace ember::property
