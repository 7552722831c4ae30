// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/set.h"

#include <utility>

#include "base/check.h"
#include "protocol/classic_reply.h"
#include "server/command/command_log.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using storage::Draft;
using storage::Outcome;
using storage::Written;
using Mode = storage::WriteRule::Mode;

void count(const Context& context, const StoreRequest& request, const Written& written) {
  debug_check(written.outcome != Outcome::stored || written.class_id != 0, "an item has a class");
  Counters& counters = context.counters;
  ++counters.cmd_set;
  storage::UseCounters& use = context.thread.use(written.class_id);
  const bool compared = request.rule.cas_compare.has_value();
  if (written.outcome == Outcome::stored) {
    ++use.sets;
    if (compared) {
      ++counters.cas_hits;
      ++use.cas_hits;
    }
  } else if (written.outcome == Outcome::exists) {
    ++counters.cas_badval;
    ++use.cas_badval;
  } else if (written.outcome == Outcome::not_found) {
    ++counters.cas_misses;
  }
}

/// The size of what an append made: of the item with the CAS it was given, if that is still there.
uint64_t joined_size(const Context& context, const Command& command, storage::Hash hash,
                     uint64_t cas) {
  const storage::Found found =
      context.store.find(context.thread, command.key, hash, storage::Access::peek);
  return found && found.item->cas() == cas ? found.item->value_size() : command.value_size;
}

StoreResult publish_draft(const Context& context, const Command& command,
                          const StoreRequest& request, Draft&& draft) {
  debug_check(draft.outcome() == Outcome::stored && !request.end, "there is a draft to publish");
  StoreResult result;
  result.value_size = command.value_size;
  result.written = context.store.publish(context.thread, std::move(draft), request.rule);
  count(context, request, result.written);
  return result;
}

/// Apart, so that a set that nobody watches carries nothing of it.
[[gnu::noinline]] StoreResult publish_watched(const Context& context, const Command& command,
                                              const StoreRequest& request, Draft&& draft) {
  const ItemBefore before = look_before(context, {.key = command.key, .hash = request.hash});
  const StoreResult result = publish_draft(context, command, request, std::move(draft));
  report_store(context, command, request, result, before);
  return result;
}

/// append, prepend of ms with N, when there is no item: a draft with these bytes alone; its
/// outcome() says when there is no room.
Draft draft_alone(const Context& context, const Command& command, const StoreRequest& request,
                  std::string_view bytes) {
  debug_check(request.vivify.has_value(), "only N makes a missing item");
  StoreRequest alone = request;
  alone.expiry = *request.vivify;
  Draft draft = draft_value(context, command, alone);
  if (draft.outcome() == Outcome::stored) {
    draft.fill(bytes);
  }
  return draft;
}

StoreResult store_whole(const Context& context, const Command& command,
                        const StoreRequest& request) {
  if (request.end) {
    if (exceeds_item_size(context, command)) {
      return refuse(context, command, request, Outcome::too_large);
    }
    return join(context, command, request, command.value);
  }
  Draft draft = draft_value(context, command, request);
  if (draft.outcome() != Outcome::stored) {
    return refuse(context, command, request, draft.outcome());
  }
  draft.fill(command.value);
  return publish(context, command, request, std::move(draft));
}

}  // namespace

StoreRequest begin_store(const Context& context, const Dialect& dialect, const Command& command,
                         storage::Hash hash) {
  debug_check([&] { return hash == storage::hash_key(command.key); }, "the hash is the key's");
  if (dialect.counts_prefixes) {
    context.prefixes.set(command.key);
  }
  StoreRequest request = dialect.store_request(context, command);
  request.hash = hash;
  return request;
}

Draft draft_value(const Context& context, const Command& command, const StoreRequest& request) {
  if (exceeds_item_size(context, command)) {
    return storage::Draft(Outcome::too_large);
  }
  const storage::ItemPlan plan{.key = command.key,
                               .hash = request.hash,
                               .client_flags = request.client_flags,
                               .exptime = request.expiry,
                               .value_size = command.value_size,
                               .sequenced = request.rule.cas_new.has_value()};
  return context.store.draft(context.thread, plan);
}

bool exceeds_item_size(const Context& context, const Command& command) {
  const size_t rest = storage::Item::kHeaderSize + command.key.size();
  const size_t limit = context.options.item_size_max;
  return limit < rest || command.value_size > limit - rest;
}

StoreResult refuse(const Context& context, const Command& command, const StoreRequest& request,
                   Outcome outcome) {
  debug_check(outcome == Outcome::too_large || outcome == Outcome::no_memory,
              "only a value without room is refused");
  Counters& counters = context.counters;
  ++(outcome == Outcome::too_large ? counters.store_too_large : counters.store_no_memory);
  const StoreResult result{
      .written = {.outcome = outcome}, .refused = true, .value_size = command.value_size};
  const bool watched = is_watched(context);
  if (watched) [[unlikely]] {
    report_store(context, command, request, result, {});
  }
  if (request.drops_old) {
    if (watched) [[unlikely]] {
      look_before(context, {.key = command.key, .hash = request.hash});
    }
    (void)context.store.remove(context.thread, command.key, request.hash, std::nullopt);
  }
  return result;
}

StoreResult publish(const Context& context, const Command& command, const StoreRequest& request,
                    Draft draft) {
  if (is_watched(context)) [[unlikely]] {
    return publish_watched(context, command, request, std::move(draft));
  }
  return publish_draft(context, command, request, std::move(draft));
}

StoreResult join(const Context& context, const Command& command, const StoreRequest& request,
                 std::string_view bytes) {
  debug_check(request.end.has_value() && bytes.size() == command.value_size,
              "a value joins whole, at one end");
  const storage::ItemName name{.key = command.key, .hash = request.hash};
  StoreResult result;
  result.value_size = bytes.size();
  const bool watched = is_watched(context);
  ItemBefore before;
  if (watched) [[unlikely]] {
    before = look_before(context, name);
  }
  const auto concatenate = [&] {
    return context.store.concatenate(context.thread, name, bytes, *request.end, request.rule);
  };
  result.written = concatenate();
  if (result.written.outcome == Outcome::not_stored && request.vivify) {
    Draft draft = draft_alone(context, command, request, bytes);
    if (draft.outcome() != Outcome::stored) {
      return refuse(context, command, request, draft.outcome());
    }
    storage::WriteRule rule = request.rule;
    rule.mode = Mode::add;
    rule.cas_compare.reset();
    result.written = context.store.publish(context.thread, std::move(draft), rule);
    if (result.written.outcome == Outcome::not_stored) {
      result.written = concatenate();  // another client made the item in between
    }
  }
  if (result.written.outcome == Outcome::stored && request.wants_size) {
    result.value_size = joined_size(context, command, request.hash, result.written.cas);
  }
  count(context, request, result.written);
  if (watched) [[unlikely]] {
    report_store(context, command, request, result, before);
  }
  return result;
}

void store_value(const Context& context, const Dialect& dialect, const Command& command,
                 storage::Hash hash, protocol::ReplyBuffer& reply) {
  const StoreRequest request = begin_store(context, dialect, command, hash);
  if (!command.value_complete) {
    answer(command, protocol::kBadDataChunk, reply);
    return;
  }
  debug_check(command.value.size() == command.value_size, "the value is there whole");
  dialect.answer_store(context, command, store_whole(context, command, request), reply);
}

}  // namespace ember::server::command
