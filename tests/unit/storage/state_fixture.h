// SPDX-License-Identifier: BSD-3-Clause
// StateFixture: a folder with a state file in it, for tests; it knows what was written.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/fd.h"
#include "storage/media/state_reader.h"
#include "storage/media/state_writer.h"

namespace ember::storage {

inline constexpr StateIdentity kIdentity = {
    .file_id = 0x1122334455667788, .stop_id = 42, .format_version = 7};

using Bytes = std::vector<std::byte>;

inline Bytes noise(size_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(size);
  for (size_t n = 0; n < size; n += sizeof(uint64_t)) {
    const uint64_t word = random();
    std::memcpy(bytes.data() + n, &word, std::min(size - n, sizeof(word)));
  }
  return bytes;
}

/// Lets files be refused to root as they are to anybody else, while it lives.
class NotRoot {
 public:
  NotRoot() : was_(::geteuid()) {
    constexpr uid_t kNobody = 65534;
    is_so_ = was_ != 0 || ::seteuid(kNobody) == 0;
  }
  ~NotRoot() {
    EXPECT_EQ(::seteuid(was_), 0);
    ::prctl(PR_SET_DUMPABLE, 1);  // seteuid took it away, and the leak check at exit needs it
  }
  NotRoot(const NotRoot&) = delete;
  NotRoot& operator=(const NotRoot&) = delete;
  bool is_so() const { return is_so_; }

 private:
  uid_t was_;
  bool is_so_;
};

class StateFixture : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "ember-state-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = folder_ + "/cache.meta";
  }
  void TearDown() override {
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
    std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<StateWriter> writer_for(const std::vector<uint64_t>& sizes,
                                          bool durable = false) {
    auto writer =
        StateWriter::create({.path = path_, .identity = kIdentity, .durable = durable}, sizes);
    EXPECT_TRUE(writer) << writer.error().message;
    return writer ? std::move(*writer) : nullptr;
  }

  /// Writes noise of these sizes and keeps it for `expect_written`.
  void write(const std::vector<uint64_t>& sizes, bool durable = false) {
    auto writer = writer_for(sizes, durable);
    ASSERT_NE(writer, nullptr);
    written_.clear();
    for (size_t n = 0; n < sizes.size(); ++n) {
      written_.push_back(noise(sizes[n], n));
      ASSERT_TRUE(writer->write(n, written_[n]));
    }
    auto seal = writer->commit();
    ASSERT_TRUE(seal) << seal.error().message;
    seal_ = *seal;
  }

  Result<std::unique_ptr<StateReader>> open(const StateIdentity& wanted = kIdentity) {
    return StateReader::open(path_, wanted, seal_);
  }

  bool reads_as_written(const StateReader& reader, size_t n) const {
    Bytes bytes(reader.section_size(n));
    return reader.read(n, bytes) && bytes == written_[n];
  }

  /// Why it is refused, by `open` or by `verify` of any section; nothing if it is accepted, and
  /// then every byte is as it was written.
  std::optional<std::string> refusal() {
    auto reader = open();
    if (!reader) {
      return reader.error().message;
    }
    EXPECT_EQ((*reader)->section_count(), written_.size());
    for (size_t n = 0; n < (*reader)->section_count(); ++n) {
      if (const auto verified = (*reader)->verify(n); !verified) {
        return verified.error().message;
      }
      EXPECT_TRUE(reads_as_written(**reader, n)) << "section " << n;
    }
    return std::nullopt;
  }

  void expect_refused(std::string_view reason) {
    const auto why = refusal();
    ASSERT_TRUE(why.has_value()) << "accepted, and should not be: " << reason;
    EXPECT_NE(why->find(reason), std::string::npos) << *why;
  }

  /// Puts `byte` at `offset`; returns what was there.
  std::byte put(uint64_t offset, std::byte byte) {
    const Fd file(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
    std::byte old{};
    EXPECT_EQ(::pread(file.get(), &old, 1, static_cast<off_t>(offset)), 1);
    EXPECT_EQ(::pwrite(file.get(), &byte, 1, static_cast<off_t>(offset)), 1);
    return old;
  }

  /// Whether the file is refused while the byte at `offset` is wrong. It is right again afterwards.
  bool refused_with_flip(uint64_t offset) {
    const std::byte old = put(offset, std::byte{0});
    put(offset, old ^ std::byte{0x10});
    const bool refused = refusal().has_value();
    put(offset, old);
    return refused;
  }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  std::string folder_;
  std::string path_;
  StateSeal seal_;
  std::vector<Bytes> written_;
};

}  // namespace ember::storage
