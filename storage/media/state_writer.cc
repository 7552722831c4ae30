// SPDX-License-Identifier: BSD-3-Clause
#include "storage/media/state_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "storage/media/state_pool.h"

namespace ember::storage {
namespace {

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// A block of the pool and the sections in it. The first block begins with the directory.
struct BlockPlan {
  uint64_t size;
  size_t section_count;
};

/// As many sections to a block as it holds, in order, each from a multiple of kStateAlignment on.
Result<std::vector<BlockPlan>> plan_blocks(std::span<const uint64_t> section_sizes) {
  if (section_sizes.size() > kStateMaxSections) {
    return fail(fmt::format("a state file has at most {} sections, not {}; join some",
                            kStateMaxSections, section_sizes.size()));
  }
  std::vector<BlockPlan> plan = {
      {.size = state_directory_size(section_sizes.size()) + kStateAlignment, .section_count = 0}};
  for (const uint64_t size : section_sizes) {
    if (size > kStateMaxSectionSize) {
      return fail(fmt::format("a section of a state file has at most {} bytes, not {}; split it",
                              kStateMaxSectionSize, size));
    }
    const uint64_t room = align_up(size, kStateAlignment);
    if (plan.back().size + room > StatePool::kMaxBlockSize) {
      plan.push_back({.size = kStateAlignment, .section_count = 0});
    }
    check(plan.back().size + room <= StatePool::kMaxBlockSize, "a section fits in a block");
    plan.back().size += room;
    ++plan.back().section_count;
  }
  return plan;
}

std::string no_room(const std::string& path, uint64_t size, uint64_t available) {
  return fmt::format(
      "no room for the state file {}: it takes {} MiB and {} MiB are free; make the volume larger, "
      "or let the next start scan the memory file (slower, with the same items)",
      path, (size + kMiB - 1) / kMiB, available / kMiB);
}

Result<void> sync_folder(const std::string& path) {
  const Fd folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) {
    return fail_errno(fmt::format("cannot make the name {} durable; see to its volume", path),
                      errno);
  }
  return {};
}

}  // namespace

static_assert(kStateMaxSectionSize + state_directory_size(kStateMaxSections) + kStateAlignment <=
              StatePool::kMaxBlockSize);

Result<uint64_t> state_file_size(std::span<const uint64_t> section_sizes) {
  const Result<std::vector<BlockPlan>> plan = plan_blocks(section_sizes);
  if (!plan) {
    return std::unexpected(plan.error());
  }
  std::vector<uint64_t> block_sizes(plan->size());
  std::ranges::transform(*plan, block_sizes.begin(), &BlockPlan::size);
  check(!block_sizes.empty(), "a state file has a directory");
  return StatePool::size_for(block_sizes);
}

StateWriter::StateWriter(StateOptions options)
    : options_(std::move(options)), temporary_(temporary_of(options_.path)) {}

StateWriter::~StateWriter() {
  pool_.reset();
  if (file_) {
    ::unlink(temporary_.c_str());
  }
}

Result<std::unique_ptr<StateWriter>> StateWriter::create(const StateOptions& options,
                                                         std::span<const uint64_t> section_sizes) {
  const Result<uint64_t> size = state_file_size(section_sizes);
  if (!size) {
    return std::unexpected(size.error());
  }
  std::unique_ptr<StateWriter> writer(new StateWriter(options));
  Result<void> done = writer->take_room(*size);
  if (done) {
    done = writer->make_pool();
  }
  if (done) {
    done = writer->lay_out(section_sizes);
  }
  if (!done) {
    return std::unexpected(std::move(done.error()));
  }
  return writer;
}

Result<void> StateWriter::take_room(uint64_t size) {
  check(!file_ && size != 0, "the room for a state file is taken once");
  // What an interrupted stop left would otherwise count against the room there is.
  ::unlink(temporary_.c_str());
  struct statvfs volume{};
  if (::statvfs(folder_of(options_.path).c_str(), &volume) != 0) {
    return fail_errno(
        fmt::format("cannot write the state file {}; see to its folder", options_.path), errno);
  }
  const uint64_t available = uint64_t{volume.f_bavail} * volume.f_frsize;
  if (available < size) {
    return fail(no_room(options_.path, size, available));
  }
  file_.reset(::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file_) {
    return fail_errno(fmt::format("cannot make the state file {}; let the user that runs ember "
                                  "write in its folder",
                                  temporary_),
                      errno);
  }
  const int error = file_.allocate(0, size);
  if (error == ENOSPC || error == EDQUOT) {
    return fail(no_room(options_.path, size, available));
  }
  if (error != 0) {
    return fail_errno(fmt::format("cannot take {} MiB for the state file {}; see to its volume",
                                  size / kMiB, options_.path),
                      error);
  }
  file_size_ = size;
  return {};
}

Result<void> StateWriter::make_pool() {
  check(file_size_ != 0, "a pool is made in a file that has its room");
  auto pool = StatePool::create(temporary_);
  if (!pool) {
    return std::unexpected(std::move(pool.error()));
  }
  pool_ = std::move(*pool);
  return {};
}

Result<void> StateWriter::lay_out(std::span<const uint64_t> section_sizes) {
  const Result<std::vector<BlockPlan>> plan = plan_blocks(section_sizes);
  check(plan.has_value(), "sections fit that fitted when the room was taken");
  for (const BlockPlan& block : *plan) {
    auto bytes = pool_->reserve(block.size);
    if (!bytes) {
      return std::unexpected(std::move(bytes.error()));
    }
    if (directory_.empty()) {
      directory_ = bytes->first(state_directory_size(section_sizes.size()));
      *bytes = bytes->subspan(directory_.size());
    }
    for (size_t n = 0; n < block.section_count; ++n) {
      const uint64_t offset = pool_->offset_of(bytes->data());
      *bytes = bytes->subspan(align_up(offset, kStateAlignment) - offset);
      const uint64_t size = section_sizes[sections_.size()];
      check(pool_->offset_of(bytes->data()) % kStateAlignment == 0 && size <= bytes->size(),
            "a section starts at a page and lies within its block");
      sections_.push_back({.offset = pool_->offset_of(bytes->data()), .size = size, .checksum = 0});
      *bytes = bytes->subspan(size);
    }
  }
  check(sections_.size() == section_sizes.size(), "every section has a place");
  return {};
}

Result<void> StateWriter::write(size_t n, std::span<const std::byte> bytes) {
  check(n < sections_.size() && bytes.size() == sections_[n].size,
        "a section is written as it was asked for");
  sections_[n].checksum = XXH3_64bits(bytes.data(), bytes.size());
  const int error = file_.write_at(sections_[n].offset, bytes);
  if (error != 0) {
    return fail_errno(
        fmt::format("cannot write the state file {}; see to its volume", options_.path), error);
  }
  return {};
}

Result<StateSeal> StateWriter::commit() {
  check(pool_ != nullptr, "a state file is committed once");
  StateSeal seal = write_directory();
  const Result<void> committed = pool_->commit();
  pool_.reset();
  if (!committed) {
    return std::unexpected(committed.error());
  }
  const Result<uint64_t> head = checksum_head();
  if (!head) {
    return std::unexpected(head.error());
  }
  seal.head_checksum = *head;
  if (auto renamed = rename(); !renamed) {
    return std::unexpected(std::move(renamed.error()));
  }
  file_.reset();  // the destructor has nothing to remove any more
  return seal;
}

StateSeal StateWriter::write_directory() {
  check(directory_.size() == state_directory_size(sections_.size()),
        "the directory has room for every section");
  store_unaligned(directory_.data(),
                  StateDirectory{.magic = kStateMagic,
                                 .layout_version = kStateLayoutVersion,
                                 .section_count = static_cast<uint32_t>(sections_.size()),
                                 .file_id = options_.identity.file_id,
                                 .stop_id = options_.identity.stop_id,
                                 .format_version = options_.identity.format_version,
                                 .zero = 0,
                                 .pool_size = file_size_});
  const auto entries = std::as_bytes(std::span(sections_));
  std::ranges::copy(entries, directory_.subspan(sizeof(StateDirectory)).begin());
  pool_->persist(directory_);
  return {.file_size = file_size_,
          .head_checksum = 0,
          .directory_offset = pool_->offset_of(directory_.data()),
          .directory_size = directory_.size(),
          .directory_checksum = XXH3_64bits(directory_.data(), directory_.size())};
}

Result<uint64_t> StateWriter::checksum_head() const {
  check(pool_ == nullptr, "the head is final once libpmemobj has closed the pool");
  std::array<std::byte, kStateHeadSize> head{};
  if (::pread(file_.get(), head.data(), head.size(), 0) != ssize_t{kStateHeadSize}) {
    return fail_errno(
        fmt::format("cannot read the state file {} back; see to its volume", temporary_), errno);
  }
  return XXH3_64bits(head.data(), head.size());
}

Result<void> StateWriter::rename() const {
  check(pool_ == nullptr, "a state file gets its name once its pool is closed");
  if (options_.durable && ::fsync(file_.get()) != 0) {
    return fail_errno(
        fmt::format("cannot make the state file {} durable; see to its volume", temporary_), errno);
  }
  if (std::rename(temporary_.c_str(), options_.path.c_str()) != 0) {
    return fail_errno(
        fmt::format("cannot name the state file {}; see to what is there", options_.path), errno);
  }
  return options_.durable ? sync_folder(options_.path) : Result<void>{};
}

}  // namespace ember::storage
