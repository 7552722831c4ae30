// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/command_trace.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/log.h"

namespace ember::server::session {
namespace {

using protocol::Command;
using protocol::Verb;

/// The longest beginning of a reply that is shown.
constexpr size_t kShown = 120;

std::string with_blank(std::string_view word) {
  return word.empty() ? std::string() : ' ' + std::string(word);
}

}  // namespace

void trace_open(int connection) { log::trace("<{} new client connection", connection); }

void trace_close(int connection) { log::trace("<{} connection closed.", connection); }

void trace_commands(int connection, std::span<const Command> commands) {
  debug_check(log::enabled(log::Level::trace), "only what is logged is put into words");
  for (const Command& command : commands) {
    if (command.verb == Verb::get_end) {
      continue;
    }
    const bool meta = command.verb >= Verb::mg && command.verb <= Verb::me;
    std::string line(protocol::name_of(command.verb));
    line += with_blank(command.key) + with_blank(command.arguments) + with_blank(command.error);
    line += with_blank(meta ? command.meta.text : "");
    if (protocol::carries_value(command.verb)) {
      line += fmt::format(" ({} bytes)", command.value_size);
    }
    log::trace("<{} {}", connection, line);
  }
}

void trace_reply(int connection, const protocol::ReplyBuffer& reply, size_t before) {
  if (reply.size() <= before) {
    return;
  }
  debug_check(log::enabled(log::Level::trace), "only what is logged is put into words");
  std::array<iovec, 64> ranges{};
  const size_t count = reply.gather(ranges);
  std::string shown;
  size_t skip = before;
  for (const iovec& range : std::span(ranges).first(count)) {
    const size_t skipped = std::min(skip, range.iov_len);
    skip -= skipped;
    const size_t taken = std::min(range.iov_len - skipped, kShown - shown.size());
    shown.append(static_cast<const char*>(range.iov_base) + skipped, taken);
  }
  // Its first line only: behind it there may be a value.
  debug_check(shown.size() <= kShown, "a reply is shown up to a bound");
  shown.resize(std::min(shown.find("\r\n"), shown.size()));
  const size_t size = reply.size() - before;
  const size_t told = shown.size() + 2;
  log::trace(">{} {}{}", connection, shown,
             size > told ? fmt::format(" (and {} bytes)", size - told) : "");
}

}  // namespace ember::server::session
