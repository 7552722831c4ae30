// SPDX-License-Identifier: BSD-3-Clause
// Fuzzes the reading of auth files: a file that is accepted lets in whom its lines name, and nobody
// whose password is longer.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "server/auth/auth_file.h"

namespace {

void require(bool ok) {
  if (!ok) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  ember::server::AuthUsers users;
  if (!users.add_lines(text)) {
    return 0;
  }
  size_t lines = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() == text.size() ? line.size() : line.size() + 1);
    const size_t colon = line.find(':');
    require(colon != std::string_view::npos &&
            line.size() <= ember::server::AuthFile::kMaxLineSize);
    const std::string_view user = line.substr(0, colon);
    const std::string password(line.substr(colon + 1));
    require(users.allow(user, password));
    // No line is as long as that.
    require(!users.allow(user, password + std::string(ember::server::AuthFile::kMaxLineSize, 'x')));
    ++lines;
  }
  require(users.size() == lines && users.useless() <= lines);
  return 0;
}
