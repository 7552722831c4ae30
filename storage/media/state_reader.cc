// SPDX-License-Identifier: BSD-3-Clause
#include "storage/media/state_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"

namespace ember::storage {
namespace {

// What is read is still in the core's cache when its checksum is taken.
constexpr size_t kPieceSize = 256 * kKiB;

std::unexpected<Error> unusable(const std::string& path, std::string_view why) {
  return fail(fmt::format("the state file {} is not used: {}", path, why));
}

/// Returns whether reading can rely on offsets and sizes; the rest of the seal is compared, not
/// used.
bool is_plausible(const StateSeal& seal) {
  return seal.file_size >= kStateHeadSize && seal.directory_size >= sizeof(StateDirectory) &&
         seal.directory_size <= state_directory_size(kStateMaxSections) &&
         seal.directory_offset >= kStateHeadSize && seal.directory_offset <= seal.file_size &&
         seal.directory_size <= seal.file_size - seal.directory_offset;
}

Result<Fd> open_file(const std::string& path, const StateSeal& seal) {
  // Whatever lies there, a pipe too, opening it must not wait.
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!file) {
    const int error = errno;
    if (error == ENOENT) {
      return unusable(path, "it is not there any more");
    }
    if (error == ELOOP) {
      return unusable(path, "it is a symbolic link; remove it");
    }
    return fail_errno(fmt::format("the state file {} is not used: let the user that runs ember "
                                  "read it, or remove it",
                                  path),
                      error);
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return unusable(path, "it is not a file; remove what is there");
  }
  if (static_cast<uint64_t>(status.st_size) != seal.file_size) {
    return unusable(path, fmt::format("it has {} bytes, and {} when it was written", status.st_size,
                                      seal.file_size));
  }
  return file;
}

/// Fills `to` from `offset` on.
Result<void> read_fully(int file, uint64_t offset, std::span<std::byte> to) {
  size_t done = 0;
  while (done < to.size()) {
    const ssize_t got =
        ::pread(file, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
    if (got > 0) {
      done += static_cast<size_t>(got);
    } else if (got == 0) {
      return fail("it ends early");
    } else if (errno != EINTR) {
      return fail_errno("it cannot be read; see to its volume", errno);
    }
  }
  return {};
}

/// `size` bytes from `offset` on, if their checksum is `wanted`.
Result<std::vector<std::byte>> read_checked(int file, uint64_t offset, uint64_t size,
                                            uint64_t wanted) {
  check(size <= kStateHeadSize + state_directory_size(kStateMaxSections),
        "what is read before its checksum is known is small");
  std::vector<std::byte> bytes(size);
  if (auto read = read_fully(file, offset, bytes); !read) {
    return std::unexpected(std::move(read.error()));
  }
  if (XXH3_64bits(bytes.data(), bytes.size()) != wanted) {
    return fail("is damaged, or another file's (its checksum differs)");
  }
  return bytes;
}

/// The sections listed in a directory of `seal`'s size, or why they are not `wanted`'s.
Result<std::vector<StateSection>> parse_directory(std::span<const std::byte> bytes,
                                                  const StateIdentity& wanted,
                                                  const StateSeal& seal) {
  check(bytes.size() == seal.directory_size && bytes.size() >= sizeof(StateDirectory),
        "a directory is parsed that its seal's checksum covers");
  const auto directory = load_unaligned<StateDirectory>(bytes.data());
  if (directory.magic != kStateMagic || directory.zero != 0 ||
      directory.pool_size != seal.file_size || directory.section_count > kStateMaxSections ||
      bytes.size() != state_directory_size(directory.section_count)) {
    return fail("its directory is none");
  }
  if (directory.layout_version != kStateLayoutVersion) {
    return fail(fmt::format("its layout is of version {}, and this ember reads version {}",
                            directory.layout_version, kStateLayoutVersion));
  }
  const StateIdentity found = {.file_id = directory.file_id,
                               .stop_id = directory.stop_id,
                               .format_version = directory.format_version};
  if (found != wanted) {
    return fail(found.file_id != wanted.file_id   ? "it belongs to another memory file"
                : found.stop_id != wanted.stop_id ? "it belongs to another stop"
                                                  : "it is of another format version");
  }
  std::vector<StateSection> sections(directory.section_count);
  std::ranges::copy(bytes.subspan(sizeof(StateDirectory)),
                    std::as_writable_bytes(std::span(sections)).begin());
  for (const StateSection& section : sections) {
    if (section.offset % kStateAlignment != 0 || section.offset < kStateHeadSize ||
        section.offset > seal.file_size || section.size > seal.file_size - section.offset) {
      return fail("a section of it lies outside of it");
    }
  }
  return sections;
}

}  // namespace

Result<std::unique_ptr<StateReader>> StateReader::open(const std::string& path,
                                                       const StateIdentity& wanted,
                                                       const StateSeal& seal) {
  if (seal == StateSeal{}) {
    return fail("the last stop wrote no state file");
  }
  if (!is_plausible(seal)) {
    return unusable(path, "what the memory file says of it makes no sense");
  }
  Result<Fd> file = open_file(path, seal);
  if (!file) {
    return std::unexpected(file.error());
  }
  const auto head = read_checked(file->get(), 0, kStateHeadSize, seal.head_checksum);
  if (!head) {
    return unusable(path, head.error().message);
  }
  const auto directory = read_checked(file->get(), seal.directory_offset, seal.directory_size,
                                      seal.directory_checksum);
  if (!directory) {
    return unusable(path, directory.error().message);
  }
  auto sections = parse_directory(*directory, wanted, seal);
  if (!sections) {
    return unusable(path, sections.error().message);
  }
  return std::unique_ptr<StateReader>(
      new StateReader(path, std::move(*file), std::move(*sections)));
}

StateReader::StateReader(std::string path, Fd file, std::vector<StateSection> sections)
    : path_(std::move(path)), file_(std::move(file)), sections_(std::move(sections)) {}

size_t StateReader::section_size(size_t n) const {
  check(n < sections_.size(), "a section is asked for that is there");
  return sections_[n].size;
}

Result<void> StateReader::read(size_t n, std::span<std::byte> to) const {
  check(to.size() == section_size(n), "there is room for a section, and no more");
  return read_pieces(n, [&](size_t from, size_t size) { return to.subspan(from, size); });
}

Result<void> StateReader::verify(size_t n) const {
  std::vector<std::byte> scratch(std::min(section_size(n), kPieceSize));
  return read_pieces(n, [&](size_t, size_t size) { return std::span(scratch).first(size); });
}

/// Each piece into the place that `place_for(from, size)` names.
template <typename PlaceFor>
Result<void> StateReader::read_pieces(size_t n, PlaceFor&& place_for) const {
  const StateSection& section = sections_[n];
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> sum(XXH3_createState(),
                                                                     &XXH3_freeState);
  XXH3_64bits_reset(sum.get());
  for (size_t from = 0; from < section.size; from += kPieceSize) {
    const std::span<std::byte> place = place_for(from, std::min(kPieceSize, section.size - from));
    check(!place.empty() && place.size() <= kPieceSize, "a section is read piece by piece");
    if (const auto read = read_fully(file_.get(), section.offset + from, place); !read) {
      return unusable(path_, fmt::format("section {}: {}", n, read.error().message));
    }
    XXH3_64bits_update(sum.get(), place.data(), place.size());
  }
  if (XXH3_64bits_digest(sum.get()) != section.checksum) {
    return unusable(path_, fmt::format("section {} is damaged (its checksum differs)", n));
  }
  return {};
}

}  // namespace ember::storage
