// SPDX-License-Identifier: BSD-3-Clause
// binary_stats: written as text and taken apart again, so that every family has one report, and a
// new one is here without a word. Stats are asked for by people and exporters, not by the thousand.
#include "server/command/binary_stats.h"

#include <sys/uio.h>

#include <array>
#include <string>
#include <string_view>

#include "base/check.h"
#include "protocol/arguments.h"
#include "protocol/line_writer.h"
#include "server/command/binary_reply.h"
#include "server/command/stats_report.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using protocol::ReplyBuffer;

constexpr std::string_view kStat = "STAT ";

/// All of the report, as text.
std::string text_report(Context& context, const Command& command) {
  protocol::BlockPool pool;
  ReplyBuffer text(pool);
  const protocol::Next next = report_stats(context, command, text);
  check(next == protocol::Next::ready, "only cachedump takes turns, and nobody asks for it here");
  std::string lines;
  lines.reserve(text.size());
  while (!text.empty()) {
    std::array<iovec, 16> ranges;
    const size_t count = text.gather(ranges);
    size_t size = 0;
    for (size_t i = 0; i < count; ++i) {
      lines.append(static_cast<const char*>(ranges[i].iov_base), ranges[i].iov_len);
      size += ranges[i].iov_len;
    }
    text.consume(size);
  }
  return lines;
}

/// A report of one word that is no error.
bool is_success(std::string_view line) { return line == "END" || line == "OK" || line == "RESET"; }

}  // namespace

void report_binary_stats(Context& context, const Command& command, ReplyBuffer& reply) {
  const protocol::Arguments arguments(command.arguments);
  if (arguments[0] == "cachedump") {  // memcached has it in text only
    answer_failure(command, protocol::Status::not_found, reply);
    return;
  }
  const std::string report = text_report(context, command);
  std::string_view lines = report;
  if (arguments[0] == "detail" && arguments[1] == "dump") {
    answer_with(command, "detailed", lines, reply);
    answer_with(command, {}, {}, reply);
    return;
  }
  if (!lines.starts_with(kStat) && !is_success(lines.substr(0, lines.find(protocol::kLineEnd)))) {
    answer_failure(command, protocol::Status::not_found, reply);
    return;
  }
  while (lines.starts_with(kStat)) {
    std::string_view line = lines.substr(0, lines.find(protocol::kLineEnd));
    lines.remove_prefix(line.size() + protocol::kLineEnd.size());
    line.remove_prefix(kStat.size());
    const size_t name_size = line.find(' ');
    check(name_size != std::string_view::npos, "a line has a name and a value");
    answer_with(command, line.substr(0, name_size), line.substr(name_size + 1), reply);
  }
  answer_with(command, {}, {}, reply);
}

}  // namespace ember::server::command
