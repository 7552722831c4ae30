// SPDX-License-Identifier: BSD-3-Clause
#include "tools/inspect/header.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "storage/slab/page_layout.h"

namespace ember::inspect {
namespace {

using storage::Superblock;
using storage::SuperblockFinding;
using storage::SuperblockRecord;

/// The beginning of a memory file, as a region that a store could be opened on.
class Beginning final : public storage::MemoryRegion {
 public:
  Beginning(std::span<std::byte> bytes, bool dax) : bytes_(bytes), dax_(dax) {}

  std::span<std::byte> bytes() override { return bytes_; }
  storage::Persist* persist() override { return dax_ ? &none_ : nullptr; }
  bool persistent() const override { return true; }

 private:
  class NothingToFlush final : public storage::Persist {
    void flush(std::span<const std::byte>) override {}
    void fence() override {}
  };
  std::span<std::byte> bytes_;
  bool dax_;
  NothingToFlush none_;
};

using Bytes = std::array<std::byte, Superblock::kSize>;

/// A copy alone: judged as a superblock in which the other is missing.
Header::Copy judge_copy(const Bytes& all, size_t place) {
  check(place + sizeof(SuperblockRecord) <= all.size(), "a copy lies within the superblock");
  Bytes alone{};
  std::copy_n(all.begin() + static_cast<ptrdiff_t>(place), sizeof(SuperblockRecord), alone.begin());
  switch (Superblock::find(alone).kind) {
    case SuperblockFinding::found:
      return Header::Copy::sound;
    case SuperblockFinding::blank:
      return Header::Copy::blank;
    case SuperblockFinding::newer:
      return Header::Copy::newer;
    case SuperblockFinding::foreign:
      break;
  }
  return Header::Copy::damaged;
}

void note_problems(Header& header, const MemoryFile& file) {
  for (size_t copy = 0; copy < header.copies.size(); ++copy) {
    if (header.record && header.copies[copy] != Header::Copy::sound) {
      header.problems.push_back(
          fmt::format("copy {} of the superblock is damaged; the other one will do", copy + 1));
    }
  }
  if (!header.takeover.warm && !header.takeover.blank) {
    header.problems.push_back("a start would be cold: " + header.takeover.reason);
  }
  if (header.record && file.size() < header.record->arena_size) {
    header.problems.push_back(fmt::format("the file was cut off: it has {} bytes of {}",
                                          file.size(), header.record->arena_size));
  }
}

}  // namespace

Result<Header> read_header(const MemoryFile& file, UnixSeconds now) {
  Bytes bytes{};
  Header header;
  // Between the two copies of a superblock that is being written they differ: look again.
  for (int attempt = 0; attempt < 3; ++attempt) {
    bytes.fill(std::byte{0});
    if (auto got = file.read(0, bytes); !got) {
      return std::unexpected(got.error());
    }
    header.copies = {judge_copy(bytes, 0), judge_copy(bytes, Superblock::kSecondCopy)};
    if (header.copies[0] == header.copies[1]) {
      break;
    }
  }
  Beginning beginning(bytes, file.dax());
  header.takeover = storage::judge_region(beginning, now);
  header.noted = Superblock::noted_time(bytes);
  if (const auto finding = Superblock::find(bytes); finding.kind == SuperblockFinding::found) {
    header.record = finding.record;
    header.of_this_boot = finding.record.boot_id == storage::boot_id();
    header.readable = storage::is_page_size(finding.record.page_size);
  }
  note_problems(header, file);
  check(!header.readable || header.record.has_value(), "pages are read by a record's word");
  return header;
}

}  // namespace ember::inspect
