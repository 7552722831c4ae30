// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/admin_commands.h"

#include <string>

#include "base/check.h"
#include "base/numbers.h"
#include "protocol/arguments.h"
#include "protocol/classic_reply.h"
#include "protocol/expiry.h"
#include "server/command/memory_commands.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using protocol::Next;
using protocol::ReplyBuffer;
using protocol::Verb;

constexpr std::string_view kError = "ERROR";
/// A year: enough for any test, and far from where the clock's 32 bits end.
constexpr uint64_t kMostSkipped = 366 * 86400;

/// flush_all [delay] [noreply]
std::string_view flush_all(Context& context, const protocol::Arguments& arguments) {
  if (arguments.count() > 2) {
    return kError;
  }
  if (!context.options.flush_enabled) {
    return "CLIENT_ERROR flush_all not allowed";
  }
  UnixSeconds when = 0;
  const bool has_delay = arguments.count() > (arguments.last_is("noreply") ? 1U : 0U);
  if (has_delay) {
    const std::optional<int64_t> delay = protocol::parse_signed(arguments[0]);
    if (!delay) {
      return "CLIENT_ERROR invalid exptime argument";
    }
    when = protocol::flush_time(*delay, context.clock.now());
  }
  ++context.counters.cmd_flush;
  context.store.flush_all(context.thread, when);
  return "OK";
}

/// verbosity <level> [noreply]
std::string_view set_verbosity(const Context& context, const protocol::Arguments& arguments) {
  if (arguments.count() == 0 || arguments.count() > 2) {
    return kError;
  }
  const std::optional<int64_t> level = protocol::parse_signed(arguments[0]);
  if (!level || *level < 0) {
    return "CLIENT_ERROR bad command line format";
  }
  if (context.options.set_verbosity) {
    context.options.set_verbosity(static_cast<uint64_t>(*level));
  }
  return "OK";
}

/// shutdown [graceful]: the answer to a shutdown that is refused; empty when it is done.
std::string_view shut_down(const Context& context, const protocol::Arguments& arguments) {
  if (!context.options.shutdown_enabled || !context.options.shut_down) {
    return "ERROR: shutdown not enabled";
  }
  const bool graceful = arguments[0] == "graceful";
  if (arguments.count() > 1 || (arguments.count() == 1 && !graceful)) {
    return "CLIENT_ERROR invalid shutdown mode";
  }
  context.options.shut_down(graceful);
  return {};
}

/// refresh_certs: the words behind it do not count.
std::string refresh_certs(const Context& context) {
  if (!context.options.refresh_certs) {
    return "Error TLS not enabled";
  }
  const Result<void> refreshed = context.options.refresh_certs();
  return refreshed ? "OK" : refreshed.error().message;
}

std::string manage_memory(const Context& context, Verb verb, const protocol::Arguments& arguments) {
  if (verb == Verb::slabs) {
    return control_slabs(context, arguments);
  }
  return verb == Verb::lru ? control_lru(arguments) : limit_memory(context, arguments);
}

/// debugtime <seconds>
std::string_view skip_time(const Context& context, const protocol::Arguments& arguments) {
  if (!context.options.skip_time || arguments.count() != 1) {
    return kError;
  }
  const auto seconds = parse_u64(arguments[0]);
  if (!seconds || *seconds > kMostSkipped) {
    return "CLIENT_ERROR bad command line format";
  }
  context.options.skip_time(static_cast<uint32_t>(*seconds));
  return "OK";
}

}  // namespace

Next administer(Context& context, const Command& command, ReplyBuffer& reply) {
  debug_check(!command.is_binary && !protocol::has_key(command.verb),
              "binary commands, and those with a key, are done elsewhere");
  const protocol::Arguments arguments(command.arguments);
  std::string text;
  std::string_view line;
  switch (command.verb) {
    case Verb::flush_all:
      line = flush_all(context, arguments);
      break;
    case Verb::verbosity:
      line = set_verbosity(context, arguments);
      break;
    case Verb::shutdown:
      line = shut_down(context, arguments);
      if (line.empty()) {
        return Next::close;
      }
      append_line(reply, line);
      return Next::ready;
    case Verb::refresh_certs:
      text = refresh_certs(context);
      line = text;
      break;
    case Verb::slabs:
    case Verb::lru:
    case Verb::cache_memlimit:
      text = manage_memory(context, command.verb, arguments);
      line = text;
      break;
    case Verb::debugtime:
      line = skip_time(context, arguments);
      break;
    default:
      line = kError;
      break;
  }
  debug_check(!line.empty(), "what is refused, or done, has an answer");
  // memcached takes a wrong number of words for another command, which has no noreply.
  if (line == kError || !(command.noreply || arguments.last_is("noreply"))) {
    append_line(reply, line);
  }
  return Next::ready;
}

}  // namespace ember::server::command
