// SPDX-License-Identifier: BSD-3-Clause
// AuthFile: the users who may log in (-Y): a file of user:password lines, as memcached reads it,
// kept as keyed hashes. Not the conversation that asks for a password (server/session/login.h,
// sasl_plain.h).
//
// Ownership: owns what it read; a reader that judges while the file is read anew keeps what it
// began with.
// Threads: any; reload() by one thread at a time.
// Cost: a login hashes once and compares with every line, whatever was right, so that its time
// tells nothing of names or passwords.
// Secrets: the file's bytes are wiped when they are read, the hashes when they are replaced, and no
// message tells more of the file than a line's number.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "server/session/authenticator.h"

namespace ember::server {

/// The lines of one reading. Once all are added, nothing changes, and any thread may ask.
class AuthUsers {
 public:
  AuthUsers();
  ~AuthUsers();
  AuthUsers(const AuthUsers&) = delete;
  AuthUsers& operator=(const AuthUsers&) = delete;

  /// Adds all lines of `text`. An error says which line cannot be added and why: what memcached
  /// refuses (a line without a colon, an empty one), and what memcached takes and then does not
  /// heed (long lines, zero bytes). Requires: called once.
  Result<void> add_lines(std::string_view text);

  /// Returns whether a line has this name and this password.
  bool allow(std::string_view user, std::string_view password) const;

  /// Returns the number of lines.
  size_t size() const { return hashes_.size(); }
  /// Lines that no client can match: an empty name or password, or a blank in one of them.
  size_t useless() const { return useless_; }

 private:
  static constexpr size_t kHashSize = 32;  // SHA-256
  using Hash = std::array<unsigned char, kHashSize>;

  Hash hash(std::string_view user, std::string_view password) const;

  std::array<unsigned char, kHashSize> key_{};  // random: a hash leaked says nothing elsewhere
  std::vector<Hash> hashes_;
  size_t useless_ = 0;
};

class AuthFile final : public session::Authenticator {
 public:
  /// The longest line, without its end: memcached's.
  static constexpr size_t kMaxLineSize = 254;
  static constexpr size_t kMaxFileSize = size_t{256} * 1024;

  /// `named_by` is the option or variable that named the file, for messages. Nobody may log in
  /// before load(). Requires: `path` is not empty.
  AuthFile(std::string path, std::string_view named_by);

  /// Reads the file anew. An error says cause and place; what was read before stays then. Warns of
  /// a file that everybody can read, and of lines that let nobody in.
  Result<void> load() EMBER_EXCLUDES(mutex_);

  bool allow(std::string_view user, std::string_view password) const override
      EMBER_EXCLUDES(mutex_);

  size_t size() const EMBER_EXCLUDES(mutex_);
  const std::string& path() const { return path_; }

 private:
  std::shared_ptr<const AuthUsers> users() const EMBER_EXCLUDES(mutex_);

  std::string path_;
  std::string named_by_;
  mutable Mutex mutex_;
  std::shared_ptr<const AuthUsers> users_ EMBER_GUARDED_BY(mutex_);
};

}  // namespace ember::server
