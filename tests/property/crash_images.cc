// SPDX-License-Identifier: BSD-3-Clause
#include "tests/property/crash_images.h"

#include <algorithm>
#include <cstring>

namespace ember::property {

using Content = CrashRegion::Content;
using OpenLine = CrashRegion::OpenLine;

namespace {

/// The n-th content a line may have, from old to new.
Content choice(const OpenLine& line, size_t number) {
  if (number == 0) {
    return Content::durable;
  }
  return number == 1 && line.queued ? Content::queued : Content::current;
}

}  // namespace

void CrashImages::compose(const CrashRegion& region, const Lines& lines,
                          const std::function<Content(size_t)>& content_of) {
  const auto image = image_.bytes();
  std::ranges::copy(region.durable(), image.begin());
  for (size_t i = 0; i < lines.size(); ++i) {
    const auto content = region.line(lines[i].number, content_of(i));
    std::memcpy(image.data() + size_t{lines[i].number} * kCacheLineSize, content.data(),
                content.size());
  }
}

void CrashImages::compose_numbered(const CrashRegion& region, const Lines& lines, size_t number) {
  compose(region, lines, [&](size_t i) {
    const size_t digit = number % lines[i].choices();
    number /= lines[i].choices();
    return choice(lines[i], digit);
  });
}

Content CrashImages::pick(const OpenLine& line, unsigned old_of_eight) {
  if (random_() % 8 < old_of_eight) {
    return Content::durable;
  }
  return choice(line, 1 + random_() % (line.choices() - 1));
}

void CrashImages::compose_sampled(const CrashRegion& region, const Lines& lines, unsigned turn) {
  const size_t odd_one = random_() % lines.size();
  compose(region, lines, [&](size_t i) {
    switch (turn) {
      case 0:
        return Content::durable;
      case 1:
        return Content::queued;
      case 2:
        return Content::current;
      default:
        break;
    }
    switch (turn % 4) {
      case 0:  // one old, the rest new
        return i == odd_one ? Content::durable : Content::current;
      case 1:  // one new, the rest old
        return i == odd_one ? Content::current : Content::durable;
      case 2:
        return pick(lines[i], 4);
      default:
        return pick(lines[i], 1 + turn % 7);
    }
  });
}

void CrashImages::each(const CrashRegion& region, unsigned most,
                       const std::function<void(ImageRegion&)>& look) {
  const Lines lines = region.open_lines();
  size_t there_are = 1;
  for (const OpenLine& line : lines) {
    there_are *= line.choices();
    if (there_are > most) {
      break;
    }
  }
  for (unsigned turn = 0; turn < std::min<size_t>(most, there_are); ++turn) {
    if (there_are <= most) {
      compose_numbered(region, lines, turn);
    } else {
      compose_sampled(region, lines, turn);
    }
    look(image_);
  }
}

}  // namespace ember::property
