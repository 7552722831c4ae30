// SPDX-License-Identifier: BSD-3-Clause
#include "server/auth/auth_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/fd.h"
#include "base/log.h"

namespace ember::server {
namespace {

constexpr std::string_view kForm = "every line is user:password, without blank lines or comments";

/// Memory that is wiped before it is given back. Never grows, so that nothing is left elsewhere.
class SecretText {
 public:
  explicit SecretText(size_t capacity) : bytes_(std::make_unique<char[]>(capacity)) {
    capacity_ = capacity;
  }
  ~SecretText() { ::OPENSSL_cleanse(bytes_.get(), capacity_); }
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;

  /// Reads up to the capacity; 0 or an errno.
  int fill(int file) {
    check(size_ == 0, "a secret text is filled once");
    while (size_ < capacity_) {
      const ssize_t got = ::read(file, bytes_.get() + size_, capacity_ - size_);
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0) {
        return errno;
      }
      if (got == 0) {
        break;
      }
      size_ += static_cast<size_t>(got);
    }
    return 0;
  }

  std::string_view text() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t capacity_ = 0;
  size_t size_ = 0;
};

/// Why `line` cannot be used; empty if it can.
std::string_view fault_of(std::string_view line) {
  if (line.size() > AuthFile::kMaxLineSize) {
    return "is longer than 254 bytes";
  }
  if (line.ends_with('\r')) {
    return "ends with a carriage return; save the file with Unix line ends";
  }
  if (line.find('\0') != std::string_view::npos) {
    return "has a zero byte";
  }
  if (line.find(':') == std::string_view::npos) {
    return "has no colon";
  }
  return {};
}

/// No two words as a client sends them make this.
bool unusable(std::string_view word) {
  return word.empty() || word.find(' ') != std::string_view::npos;
}

}  // namespace

AuthUsers::AuthUsers() {
  check(::RAND_bytes(key_.data(), static_cast<int>(key_.size())) == 1,
        "the system gives random bytes");
}

AuthUsers::~AuthUsers() {
  ::OPENSSL_cleanse(key_.data(), key_.size());
  ::OPENSSL_cleanse(hashes_.data(), hashes_.size() * kHashSize);
}

AuthUsers::Hash AuthUsers::hash(std::string_view user, std::string_view password) const {
  // Each hashed by itself first: so no other pair makes the same bytes, and every message has
  // the same length.
  const auto digest = [this](std::string_view text) {
    Hash result{};
    unsigned size = 0;
    const auto* const done = ::HMAC(::EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    text.size(), result.data(), &size);
    check(done != nullptr && size == kHashSize, "the library has SHA-256");
    return result;
  };
  std::array<Hash, 2> both{digest(user), digest(password)};
  const Hash result = digest({reinterpret_cast<const char*>(both.data()), sizeof(both)});
  ::OPENSSL_cleanse(both.data(), sizeof(both));
  return result;
}

Result<void> AuthUsers::add_lines(std::string_view text) {
  // Reserved at once: growing would leave hashes behind in memory given back.
  hashes_.reserve(hashes_.size() + static_cast<size_t>(std::ranges::count(text, '\n')) + 1);
  const Hash* const before = hashes_.data();
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (const std::string_view fault = fault_of(line); !fault.empty()) {
      return fail(fmt::format("line {} {}; {}", number, fault, kForm));
    }
    const size_t colon = line.find(':');
    const std::string_view user = line.substr(0, colon);
    const std::string_view password = line.substr(colon + 1);
    if (unusable(user) || unusable(password)) {
      ++useless_;
    }
    hashes_.push_back(hash(user, password));
    check(hashes_.data() == before, "hashes stay where they are");
  }
  return {};
}

bool AuthUsers::allow(std::string_view user, std::string_view password) const {
  const Hash given = hash(user, password);
  unsigned found = 0;
  for (const Hash& known : hashes_) {
    found |= static_cast<unsigned>(::CRYPTO_memcmp(known.data(), given.data(), kHashSize) == 0);
  }
  return found != 0;
}

AuthFile::AuthFile(std::string path, std::string_view named_by)
    : path_(std::move(path)), named_by_(named_by), users_(std::make_shared<const AuthUsers>()) {
  check(!path_.empty(), "an auth file has a name");
}

Result<void> AuthFile::load() {
  // Not blocking: a pipe in the file's place must not hold the server.
  const Fd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    return fail_errno(fmt::format("cannot open auth file {} ({})", path_, named_by_), errno);
  }
  struct stat facts{};
  if (::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return fail(fmt::format("auth file {} ({}) is no regular file", path_, named_by_));
  }
  SecretText content(kMaxFileSize + 1);
  if (const int error = content.fill(file.get()); error != 0) {
    return fail_errno(fmt::format("cannot read auth file {} ({})", path_, named_by_), error);
  }
  if (content.text().size() > kMaxFileSize) {
    return fail(fmt::format("auth file {} ({}) is larger than {} KiB", path_, named_by_,
                            kMaxFileSize / kKiB));
  }
  auto users = std::make_shared<AuthUsers>();
  if (auto added = users->add_lines(content.text()); !added) {
    return fail(fmt::format("auth file {} ({}): {}", path_, named_by_, added.error().message));
  }
  check(users->useless() <= users->size(), "lines of no use are lines");
  if ((facts.st_mode & S_IRWXO) != 0) {
    log::warning("auth file {} is open to every user of this machine; chmod o-rwx it", path_);
  }
  if (users->size() == users->useless()) {
    log::warning("auth file {} lets nobody in: it has no line with a name and a password", path_);
  } else if (users->useless() > 0) {
    log::warning("auth file {}: {} lines let nobody in: name or password is empty or has a blank",
                 path_, users->useless());
  }
  MutexLock lock(mutex_);
  users_ = std::move(users);
  return {};
}

std::shared_ptr<const AuthUsers> AuthFile::users() const {
  MutexLock lock(mutex_);
  return users_;
}

bool AuthFile::allow(std::string_view user, std::string_view password) const {
  return users()->allow(user, password);
}

size_t AuthFile::size() const { return users()->size(); }

}  // namespace ember::server
