// SPDX-License-Identifier: BSD-3-Clause
// store_request: see the header.
#include "server/command/store_request.h"

#include <utility>

#include "protocol/expiry.h"
#include "server/command/command_log.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using protocol::MetaMode;
using protocol::Verb;
using storage::Draft;
using storage::Outcome;
using storage::Written;
using Mode = storage::WriteRule::Mode;
using End = storage::Store::End;

/// The mode of a classic verb, as ms would name it.
MetaMode mode_of(const Command& command) {
  switch (command.verb) {
    case Verb::add:
      return MetaMode::add;
    case Verb::replace:
      return MetaMode::replace;
    case Verb::append:
      return MetaMode::append;
    case Verb::prepend:
      return MetaMode::prepend;
    case Verb::ms:
      return command.meta.mode;
    default:
      return MetaMode::set;
  }
}

void apply_mode(MetaMode mode, StoreRequest& request) {
  switch (mode) {
    case MetaMode::add:
      request.rule.mode = Mode::add;
      break;
    case MetaMode::replace:
      request.rule.mode = Mode::replace;
      break;
    case MetaMode::append:
      request.end = End::back;
      break;
    case MetaMode::prepend:
      request.end = End::front;
      break;
    default:
      request.rule.mode = Mode::set;
      break;
  }
}

/// C, E and I of ms. As in memcached, adding does not compare; a replace that compares answers
/// like a set that does; no item is older than CAS 0; joining compares with no CAS of 0, and
/// accepts no older one.
void apply_cas(const Context& context, const Command& command, StoreRequest& request) {
  const protocol::MetaFlags& meta = command.meta;
  storage::WriteRule& rule = request.rule;
  if (rule.mode != Mode::add) {
    rule.cas_compare = context.compared_cas(meta.has('C'), meta.cas_compare);
  }
  if (rule.cas_compare && rule.mode == Mode::replace) {
    rule.mode = Mode::set;
  }
  if (request.end && rule.cas_compare == 0) {
    rule.cas_compare.reset();
  }
  rule.accept_older = context.options.use_cas && rule.cas_compare.has_value() && meta.has('I') &&
                      meta.cas_compare != 0 && !request.end;
  if (context.options.use_cas && meta.has('E')) {
    rule.cas_new = meta.cas_new;
  }
}

void count(const Context& context, const StoreRequest& request, const Written& written) {
  Counters& counters = context.counters;
  ++counters.cmd_set;
  storage::ClassUse& use = context.thread.use(written.class_id);
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

/// The size of what an append made: of the item with the CAS it was given, if it is still there.
uint64_t joined_size(const Context& context, const Command& command, storage::Hash hash,
                     uint64_t cas) {
  const storage::Found found =
      context.store.find(context.thread, command.key, hash, storage::Access::peek);
  return found && found.item->cas() == cas ? found.item->value_size() : command.value_size;
}

StoreResult publish_draft(const Context& context, const Command& command,
                          const StoreRequest& request, Draft&& draft) {
  StoreResult result;
  result.value_size = command.value_size;
  result.written = context.store.publish(context.thread, std::move(draft), request.rule);
  count(context, request, result.written);
  return result;
}

/// Apart, so that a set that nobody watches carries nothing of it.
[[gnu::noinline]] StoreResult publish_watched(const Context& context, const Command& command,
                                              const StoreRequest& request, Draft&& draft) {
  const ItemBefore before = look_before(context, command.key, draft.plan().hash);
  const StoreResult result = publish_draft(context, command, request, std::move(draft));
  report_store(context, command, request, result, before);
  return result;
}

}  // namespace

StoreRequest store_request(const Context& context, const Command& command) {
  StoreRequest request;
  const UnixSeconds now = context.clock.now();
  apply_mode(mode_of(command), request);
  if (command.verb == Verb::ms) {
    const protocol::MetaFlags& meta = command.meta;
    request.client_flags = meta.has('F') ? meta.client_flags : 0;
    request.expiry = meta.has('T') ? protocol::expiry_of(meta.ttl, now) : 0;
    if (meta.has('N')) {
      request.vivify = protocol::expiry_of(meta.vivify_ttl, now);
    }
    apply_cas(context, command, request);
    return request;
  }
  request.client_flags = command.client_flags;
  request.expiry = protocol::expiry_of(command.exptime, now);
  if (command.is_binary) {
    // As in memcached, what compares is a set, whichever it is; with -C nothing compares.
    if (command.binary.cas != 0 && context.options.use_cas) {
      request.rule.mode = Mode::set;
      request.rule.cas_compare = command.binary.cas;
    }
    return request;
  }
  request.rule.cas_compare = context.compared_cas(command.verb == Verb::cas, command.number);
  return request;
}

Draft draft_value(const Context& context, const Command& command, storage::Hash hash,
                  const StoreRequest& request) {
  if (exceeds_item_size(context, command)) {
    return Draft(Outcome::too_large);
  }
  const storage::ItemPlan plan{.key = command.key,
                               .hash = hash,
                               .client_flags = request.client_flags,
                               .exptime = request.expiry,
                               .value_size = command.value_size,
                               .sequenced = request.rule.cas_new.has_value()};
  return context.store.draft(context.thread, plan);
}

StoreResult refuse(const Context& context, const Command& command, storage::Hash hash,
                   Outcome outcome) {
  Counters& counters = context.counters;
  ++(outcome == Outcome::too_large ? counters.store_too_large : counters.store_no_memory);
  const StoreResult result{Written{.outcome = outcome}, true, command.value_size};
  const bool watched = is_watched(context);
  if (watched) [[unlikely]] {
    report_store(context, command, store_request(context, command), result, {});
  }
  if (command.verb == Verb::set || command.verb == Verb::ms) {
    if (watched) [[unlikely]] {
      look_before(context, command.key, hash);
    }
    (void)context.store.remove(context.thread, command.key, hash, std::nullopt);
  }
  return result;
}

bool exceeds_item_size(const Context& context, const Command& command) {
  const size_t rest = storage::Item::kHeaderSize + command.key.size();
  const size_t limit = context.options.item_size_max;
  return limit < rest || command.value_size > limit - rest;
}

StoreResult publish(const Context& context, const Command& command, const StoreRequest& request,
                    Draft draft) {
  if (is_watched(context)) [[unlikely]] {
    return publish_watched(context, command, request, std::move(draft));
  }
  return publish_draft(context, command, request, std::move(draft));
}

StoreResult join(const Context& context, const Command& command, storage::Hash hash,
                 const StoreRequest& request, std::string_view bytes) {
  StoreResult result;
  result.value_size = bytes.size();
  const bool watched = is_watched(context);
  ItemBefore before;
  if (watched) [[unlikely]] {
    before = look_before(context, command.key, hash);
  }
  const auto concatenate = [&] {
    return context.store.concatenate(context.thread, {command.key, hash}, bytes,
                                     request.end.value_or(End::back), request.rule);
  };
  result.written = concatenate();
  if (result.written.outcome == Outcome::not_stored && request.vivify) {
    StoreRequest making = request;
    making.expiry = *request.vivify;
    making.rule.mode = Mode::add;
    making.rule.cas_compare.reset();
    Draft draft = draft_value(context, command, hash, making);
    if (draft.outcome() != Outcome::stored) {
      return refuse(context, command, hash, draft.outcome());
    }
    draft.fill(bytes);
    result.written = context.store.publish(context.thread, std::move(draft), making.rule);
    if (result.written.outcome == Outcome::not_stored) {
      result.written = concatenate();  // somebody else made the item in between
    }
  }
  if (result.written.outcome == Outcome::stored && command.verb == Verb::ms &&
      command.meta.has('s')) {
    result.value_size = joined_size(context, command, hash, result.written.cas);
  }
  count(context, request, result.written);
  if (watched) [[unlikely]] {
    report_store(context, command, request, result, before);
  }
  return result;
}

StoreResult store_whole(const Context& context, const Command& command, storage::Hash hash) {
  const StoreRequest request = store_request(context, command);
  if (request.end) {
    if (exceeds_item_size(context, command)) {
      return refuse(context, command, hash, Outcome::too_large);
    }
    return join(context, command, hash, request, command.value);
  }
  Draft draft = draft_value(context, command, hash, request);
  if (draft.outcome() != Outcome::stored) {
    return refuse(context, command, hash, draft.outcome());
  }
  draft.fill(command.value);
  return publish(context, command, request, std::move(draft));
}

}  // namespace ember::server::command
