// SPDX-License-Identifier: BSD-3-Clause
// crawler_commands: Ember's crawler is the store's janitor.
#include "server/command/crawler_commands.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/check.h"
#include "base/numbers.h"
#include "protocol/line_writer.h"
#include "server/command/item_dumps.h"

namespace ember::server::command {
namespace {

using protocol::Next;
using protocol::ReplyBuffer;

constexpr std::string_view kError = "ERROR";
constexpr std::string_view kBadFormat = "CLIENT_ERROR bad command line format";
constexpr uint64_t kMostRestUs = 1'000'000;
/// memcached's last class; ids up to it are accepted although there may be no such class here.
constexpr uint64_t kLeastClasses = 63;

uint64_t last_class(const Context& context) {
  return std::max<uint64_t>(kLeastClasses, context.store.class_count());
}

/// "1,2,5"; nothing if one of them is no class. Empty parts are passed over, as by memcached.
std::optional<storage::ClassSet> parse_classes(const Context& context, std::string_view list) {
  storage::ClassSet classes;
  debug_check(last_class(context) < classes.size(), "every class that is accepted has its bit");
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    if (comma != 0) {
      const auto id = parse_u64(list.substr(0, comma));
      if (!id || *id == 0 || *id > last_class(context)) {
        return std::nullopt;
      }
      classes.set(*id);
    }
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return classes;
}

/// lru_crawler sleep|tocrawl <number>
std::string_view tune(const Context& context, const protocol::Arguments& arguments) {
  const auto number = parse_u64(arguments[1]);
  if (!number) {
    return kBadFormat;
  }
  if (arguments[0] == "sleep") {
    if (*number > kMostRestUs) {
      return "CLIENT_ERROR sleep must be one second or less";
    }
    context.store.tuning().sweep_rest_us.store(static_cast<uint32_t>(*number));
    return "OK";
  }
  context.store.tuning().sweep_items.store(static_cast<uint32_t>(*number));
  return "OK";
}

std::string_view crawl(const Context& context, std::string_view which) {
  storage::ClassSet all;
  all.set();
  if (which == "hash") {
    return "ERROR an unknown error happened";  // memcached has no such crawl
  }
  const auto classes = which == "all" ? all : parse_classes(context, which);
  if (!classes) {
    return "BADCLASS invalid class id";
  }
  if (classes->none()) {
    return "NOTSTARTED no items to crawl";
  }
  return context.store.crawl(*classes) ? "OK" : "BUSY currently processing crawler request";
}

/// Begins a list; or what is wrong.
std::string_view begin_dump(const Context& context, DumpForm form, std::string_view which) {
  if (!context.options.dump_enabled) {
    return "ERROR metadump not allowed";
  }
  DumpRequest request{.form = form, .classes = std::nullopt};
  if (which != "all" && which != "hash") {
    request.classes = parse_classes(context, which);
    if (!request.classes) {
      return "BADCLASS invalid class id";
    }
    if (request.classes->none()) {
      return "NOTSTARTED no items to crawl";
    }
  }
  if (context.dumps.full()) {
    return "BUSY currently processing crawler request";
  }
  context.dumps.begin(*context.client, request);
  return {};
}

std::string_view switch_crawler(const Context& context, bool on) {
  const bool was_on = context.store.tuning().sweep.exchange(on);
  return on && was_on ? "ERROR failed to start lru crawler thread" : "OK";
}

/// A whole answer, or nothing: a list has begun.
std::string_view apply(const Context& context, const protocol::Arguments& arguments) {
  const std::string_view verb = arguments[0];
  if (arguments.count() == 1 && (verb == "enable" || verb == "disable")) {
    return switch_crawler(context, verb == "enable");
  }
  if (arguments.count() != 2) {
    return kError;
  }
  if (verb == "sleep" || verb == "tocrawl") {
    return tune(context, arguments);
  }
  const bool meta = verb == "metadump";
  if (!meta && verb != "mgdump" && verb != "crawl") {
    return kError;
  }
  if (!context.store.tuning().sweep.load(std::memory_order_relaxed)) {
    return "CLIENT_ERROR lru crawler disabled";
  }
  return verb == "crawl" ? crawl(context, arguments[1])
                         : begin_dump(context, meta ? DumpForm::meta : DumpForm::mg, arguments[1]);
}

}  // namespace

Next control_crawler(const Context& context, const protocol::Command& command, ReplyBuffer& reply) {
  check(context.client != nullptr, "a list is some client's");
  if (!context.dumps.under_way(*context.client)) {
    const std::string_view answer = apply(context, protocol::Arguments(command.arguments));
    if (!answer.empty()) {
      append_line(reply, answer);
      return Next::ready;
    }
  }
  return context.dumps.go_on(context, *context.client, reply);
}

Next dump_class(const Context& context, const protocol::Arguments& arguments, ReplyBuffer& reply) {
  check(context.client != nullptr, "a list is some client's");
  if (context.dumps.under_way(*context.client)) {
    return context.dumps.go_on(context, *context.client, reply);
  }
  const auto refuse = [&](std::string_view line) {
    append_line(reply, line);
    return Next::ready;
  };
  if (!context.options.dump_enabled) {
    return refuse("CLIENT_ERROR stats cachedump not allowed");
  }
  if (arguments.count() < 3) {
    return refuse("CLIENT_ERROR bad command line");
  }
  const auto id = parse_u64(arguments[1]);
  const auto most = parse_u64(arguments[2]);
  if (!id || !most) {
    return refuse(kBadFormat);
  }
  if (*id > last_class(context)) {
    return refuse("CLIENT_ERROR Illegal slab id");
  }
  if (context.dumps.full()) {
    return refuse("SERVER_ERROR too many dumps at one time; try again later");
  }
  storage::ClassSet classes;
  classes.set(*id, *id != 0);
  context.dumps.begin(*context.client,
                      {.form = DumpForm::cache, .classes = classes, .most_items = *most});
  return context.dumps.go_on(context, *context.client, reply);
}

}  // namespace ember::server::command
