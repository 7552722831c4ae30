// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/command_log.h"

#include <algorithm>

#include "base/check.h"
#include "protocol/handler.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using protocol::Verb;
using storage::Outcome;
using Mode = storage::WriteRule::Mode;
using End = storage::Store::End;

const char* status_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::stored:
      return "stored";
    case Outcome::exists:
      return "exists";
    case Outcome::not_found:
      return "not_found";
    case Outcome::too_large:
      return "too_large";
    case Outcome::no_memory:
      return "no_memory";
    case Outcome::not_stored:
    case Outcome::non_numeric:
      break;
  }
  return "not_stored";
}

/// memcached calls every store that compares a cas.
const char* word_of(const StoreRequest& request) {
  if (request.end) {
    return *request.end == End::back ? "append" : "prepend";
  }
  if (request.rule.mode == Mode::add) {
    return "add";
  }
  if (request.rule.cas_compare) {
    return "cas";
  }
  return request.rule.mode == Mode::replace ? "replace" : "set";
}

/// The command's name as an event keeps it. Nothing of a login, whose key is a mechanism's name.
const char* word_of(Verb verb) {
  if (!protocol::has_key(verb) || verb > Verb::me) {
    return "";
  }
  const std::string_view name = protocol::name_of(verb);
  // Names of verbs are literals, so a terminator follows.
  check(name.data()[name.size()] == '\0', "a verb's name is a literal");
  return name.data();
}

int connection_of(const Context& context) {
  return context.client != nullptr ? context.client->number() : 0;
}

/// The time to live that an item_store tells: 0 is never; -1, it has expired as it comes.
int64_t ttl_of(const Context& context, UnixSeconds expiry) {
  const int64_t left = int64_t{expiry} - int64_t{context.clock.now()};
  return expiry == 0 ? 0 : std::max<int64_t>(left, -1);
}

}  // namespace

void report_get(const Context& context, std::string_view key, const storage::Item* item) {
  if (!context.log.watched(kFetchers)) {
    return;
  }
  WatchEvent event;
  event.kind = EventKind::item_get;
  event.status = item != nullptr ? "found" : "not_found";
  event.connection = connection_of(context);
  if (item != nullptr) {
    event.class_id = context.store.class_of(*item);
    event.size = item->value_size();
  }
  context.log.report(event, key);
}

ItemBefore look_before(const Context& context, const storage::ItemName& name) {
  const storage::Found found =
      context.store.find(context.thread, name.key, name.hash, storage::Access::peek);
  report_get(context, name.key, found.item);
  if (!found) {
    return {};
  }
  return {.found = true,
          .class_id = context.store.class_of(*found.item),
          .value_size = found.item->value_size(),
          .exptime = found.item->exptime()};
}

void report_store(const Context& context, const Command& command, const StoreRequest& request,
                  const StoreResult& result, const ItemBefore& before) {
  if (!context.log.watched(kMutations)) {
    return;
  }
  WatchEvent event;
  event.kind = EventKind::item_store;
  event.status = status_of(result.written.outcome);
  event.word = word_of(request);
  event.class_id = result.written.class_id;
  event.connection = connection_of(context);
  event.size = static_cast<uint32_t>(command.value_size);
  event.ttl = ttl_of(context, request.expiry);
  if (request.end && result.written.outcome == Outcome::stored) {
    // Joined with what was there; or, with N, made.
    event.size += before.value_size;
    event.ttl = ttl_of(context, before.found ? before.exptime : request.vivify.value_or(0));
  }
  context.log.report(event, command.key);
}

void report_created(const Context& context, std::string_view key, const storage::Written& written,
                    UnixSeconds expiry, uint64_t value_size) {
  if (!context.log.watched(kMutations)) {
    return;
  }
  WatchEvent event;
  event.kind = EventKind::item_store;
  event.status = status_of(written.outcome);
  event.word = "add";
  event.class_id = written.class_id;
  event.connection = connection_of(context);
  event.size = static_cast<uint32_t>(value_size);
  event.ttl = ttl_of(context, expiry);
  context.log.report(event, key);
}

void report_deleted(const Context& context, const Command& command, const ItemBefore& before) {
  debug_check(command.verb == Verb::delete_ || command.verb == Verb::md, "the command deletes");
  if (!context.log.watched(kDeletions)) {
    return;
  }
  WatchEvent event;
  event.kind = EventKind::deleted;
  event.word = word_of(command.verb);
  event.class_id = before.class_id;
  event.size = before.value_size;
  context.log.report(event, command.key);
}

void report_command(const Context& context, const Command& command) {
  if (command.key.empty()) {
    return;
  }
  WatchEvent event;
  event.kind = EventKind::raw_command;
  event.word = word_of(command.verb);
  event.connection = connection_of(context);
  event.size = static_cast<uint32_t>(command.value_size);
  context.log.report(event, command.key);
}

}  // namespace ember::server::command
