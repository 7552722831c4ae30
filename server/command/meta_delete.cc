// SPDX-License-Identifier: BSD-3-Clause
// meta_delete: see the header.
#include "server/command/meta_delete.h"

#include "protocol/classic_reply.h"
#include "protocol/expiry.h"
#include "protocol/meta_reply.h"
#include "server/command/command_log.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using protocol::MetaFlags;
using protocol::ReplyBuffer;
using storage::Outcome;
using storage::Written;

/// With -C all items are at CAS 0.
std::optional<uint64_t> compare_of(const Context& context, const MetaFlags& flags) {
  if (!context.options.use_cas && flags.cas_compare == 0) {
    return std::nullopt;
  }
  return context.compared_cas(flags.has('C'), flags.cas_compare);
}

Written invalidate(const Context& context, const Command& command, storage::Hash hash) {
  const MetaFlags& flags = command.meta;
  storage::Store::InvalidateRule rule;
  rule.cas_compare = compare_of(context, flags);
  rule.mark_stale = flags.has('I');
  rule.drop_value = flags.has('x');
  if (context.options.use_cas && flags.has('E')) {
    rule.cas_new = flags.cas_new;
  }
  if (flags.has('I') && flags.has('T')) {
    rule.exptime = protocol::expiry_of(flags.ttl, context.clock.now());
  }
  if (context.log.watched(kFetchers)) [[unlikely]] {
    look_before(context, command.key, hash);
  }
  return context.store.invalidate(context.thread, command.key, hash, rule);
}

/// As in memcached, what is marked stale is no deletion, and a CAS that does not match is a miss.
void count(const Context& context, const Written& written, bool removes) {
  if (written.outcome != Outcome::stored) {
    ++context.counters.delete_misses;
  } else if (removes) {
    ++context.counters.delete_hits;
    ++context.thread.use(written.class_id).delete_hits;
  }
}

Written remove(const Context& context, const Command& command, storage::Hash hash,
               std::optional<uint64_t> cas_compare) {
  const bool watched = is_watched(context);
  ItemBefore before;
  if (watched) [[unlikely]] {
    before = look_before(context, command.key, hash);
  }
  const Written written = context.store.remove(context.thread, command.key, hash, cas_compare);
  if (watched && written.outcome == Outcome::stored) [[unlikely]] {
    report_deleted(context, command.key, command.verb == protocol::Verb::md ? "md" : "delete",
                   before);
  }
  return written;
}

}  // namespace

void meta_delete(Context& context, const Command& command, storage::Hash hash, ReplyBuffer& reply) {
  const MetaFlags& flags = command.meta;
  const bool keeps = flags.has('I') || flags.has('x');
  const Written written = keeps ? invalidate(context, command, hash)
                                : remove(context, command, hash, compare_of(context, flags));
  count(context, written, !keeps);
  switch (written.outcome) {
    case Outcome::stored:
      if (!flags.has('q')) {
        append_meta_line(command, "HD", reply);
      }
      break;
    case Outcome::exists:
      append_meta_line(command, "EX", reply);
      break;
    case Outcome::no_memory:
    case Outcome::too_large:
      append_line(reply, protocol::kNoMemory);
      break;
    default:
      if (!flags.has('q')) {
        append_meta_line(command, "NF", reply);
      }
      break;
  }
}

Written remove_item(Context& context, const Command& command, storage::Hash hash,
                    std::optional<uint64_t> cas_compare) {
  context.prefixes.remove(command.key);
  const Written written = remove(context, command, hash, cas_compare);
  count(context, written, true);
  return written;
}

void classic_delete(Context& context, const Command& command, storage::Hash hash,
                    ReplyBuffer& reply) {
  const Written written = remove_item(context, command, hash, std::nullopt);
  answer(command, written.outcome == Outcome::stored ? "DELETED" : "NOT_FOUND", reply);
}

}  // namespace ember::server::command
