// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/delete.h"

#include "base/check.h"
#include "server/command/command_log.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using storage::Outcome;
using storage::Written;

Written invalidate(const Context& context, const storage::ItemName& name,
                   const storage::Store::InvalidateRule& rule) {
  debug_check(rule.mark_stale || rule.drop_value, "an invalidation changes the item");
  if (context.log.watched(kFetchers)) [[unlikely]] {
    look_before(context, name);
  }
  return context.store.invalidate(context.thread, name.key, name.hash, rule);
}

Written remove(const Context& context, const Command& command, storage::Hash hash,
               const DeleteRequest& request) {
  const bool watched = is_watched(context);
  ItemBefore before;
  if (watched) [[unlikely]] {
    before = look_before(context, {.key = command.key, .hash = hash});
  }
  const Written written =
      context.store.remove(context.thread, command.key, hash, request.cas_compare);
  if (watched && written.outcome == Outcome::stored) [[unlikely]] {
    report_deleted(context, command, before);
  }
  return written;
}

/// As in memcached, an item marked stale is no deletion, and a CAS that does not match is a miss.
void count(const Context& context, const Written& written, bool removes) {
  debug_check(written.outcome != Outcome::stored || written.class_id != 0, "an item has a class");
  if (written.outcome != Outcome::stored) {
    ++context.counters.delete_misses;
  } else if (removes) {
    ++context.counters.delete_hits;
    ++context.thread.use(written.class_id).delete_hits;
  }
}

}  // namespace

void delete_item(const Context& context, const Dialect& dialect, const Command& command,
                 storage::Hash hash, protocol::ReplyBuffer& reply) {
  debug_check([&] { return hash == storage::hash_key(command.key); }, "the hash is the key's");
  if (dialect.counts_prefixes) {
    context.prefixes.remove(command.key);
  }
  const DeleteRequest request = dialect.delete_request(context, command);
  const Written written =
      request.invalidate
          ? invalidate(context, {.key = command.key, .hash = hash}, *request.invalidate)
          : remove(context, command, hash, request);
  count(context, written, !request.invalidate);
  dialect.answer_delete(command, written.outcome, reply);
}

}  // namespace ember::server::command
