// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/meta_get.h"

#include <optional>
#include <utility>

#include "base/check.h"
#include "protocol/expiry.h"
#include "protocol/meta_reply.h"
#include "server/command/command_log.h"
#include "server/command/value_reply.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using protocol::MetaFlags;
using protocol::ReplyBuffer;
using storage::Access;
using storage::Draft;
using storage::Found;
using storage::Outcome;

/// What one mg found, and what its flags T and N made of it.
struct Hit {
  Found found;
  UnixSeconds expiry_before = 0;
  /// T: the expiry it was given.
  std::optional<UnixSeconds> expiry_after;
  /// N made it: the client may fill it.
  bool vivified = false;
};

Hit look_up(const Context& context, const Command& command, storage::Hash hash) {
  const Access access = command.meta.has('u') ? Access::peek : Access::mark;
  Hit hit;
  if (!command.meta.has('T')) {
    hit.found = context.store.find(context.thread, command.key, hash, access);
    hit.expiry_before = hit.found ? hit.found.item->exptime() : 0;
    return hit;
  }
  hit.expiry_after = protocol::expiry_of(command.meta.ttl, context.clock.now());
  const Found before = context.store.find(context.thread, command.key, hash, Access::peek);
  const UnixSeconds expiry_before = before ? before.item->exptime() : 0;
  hit.found = context.store.touch(context.thread, command.key, hash, *hit.expiry_after, access);
  // Another item by now? Then its own former expiry is not known.
  hit.expiry_before = hit.found.item == before.item ? expiry_before : *hit.expiry_after;
  return hit;
}

/// N: an empty item whose maker has the win already. Nothing when there is no memory for it, or
/// when another client made the item first.
std::optional<Hit> vivify(const Context& context, const Command& command, storage::Hash hash) {
  const MetaFlags& flags = command.meta;
  debug_check(flags.has('N'), "only N makes an item");
  const UnixSeconds expiry = protocol::expiry_of(flags.vivify_ttl, context.clock.now());
  const bool with_cas = context.options.use_cas && flags.has('E');
  Draft draft = context.store.draft(
      context.thread, {.key = command.key, .hash = hash, .exptime = expiry, .sequenced = with_cas});
  if (draft.outcome() != Outcome::stored) {
    return std::nullopt;
  }
  storage::WriteRule rule;
  rule.mode = storage::WriteRule::Mode::add;
  rule.won = true;
  if (with_cas) {
    rule.cas_new = flags.cas_new;
  }
  const storage::Written written = context.store.publish(context.thread, std::move(draft), rule);
  if (written.outcome != Outcome::stored) {
    return std::nullopt;
  }
  const Access access = flags.has('u') ? Access::peek : Access::mark;
  Hit hit;
  if (flags.has('T')) {
    hit.expiry_after = protocol::expiry_of(flags.ttl, context.clock.now());
    hit.found = context.store.touch(context.thread, command.key, hash, *hit.expiry_after, access);
  } else {
    hit.found = context.store.find(context.thread, command.key, hash, access);
  }
  hit.expiry_before = expiry;
  hit.vivified = true;
  return hit.found ? std::optional(hit) : std::nullopt;
}

Hit find_or_vivify(const Context& context, const Command& command, storage::Hash hash) {
  debug_check([&] { return hash == storage::hash_key(command.key); }, "the hash is the key's");
  const Hit hit = look_up(context, command, hash);
  if (context.log.watched(kFetchers)) [[unlikely]] {
    report_get(context, command.key, hit.found.item);
  }
  if (hit.found || !command.meta.has('N')) {
    return hit;
  }
  if (const std::optional<Hit> made = vivify(context, command, hash)) {
    return *made;
  }
  return look_up(context, command, hash);
}

void count(const Context& context, const Command& command, const Hit& hit) {
  Counters& counters = context.counters;
  if (!hit.found) {
    ++counters.cmd_get;
    ++counters.get_misses;
    count_miss(counters, hit.found);
    return;
  }
  storage::UseCounters& use = context.use_of(*hit.found.item);
  if (command.meta.has('T') && !hit.vivified) {
    ++counters.cmd_touch;
    ++counters.touch_hits;
    ++use.touch_hits;
  } else {
    ++counters.cmd_get;
    ++counters.get_hits;
    ++use.get_hits;
  }
}

/// The marks behind the return flags. A stale item, and with R one that expires soon, is handed to
/// one client to be made anew (W); the others learn that it was (Z).
struct Marks {
  bool won = false;
  bool stale = false;
  bool taken = false;
};

Marks decide_marks(const Context& context, const Hit& hit, bool expires_soon) {
  debug_check(static_cast<bool>(hit.found), "only an item has marks");
  if (hit.vivified) {
    return {.won = true};
  }
  const storage::Item& item = *hit.found.item;
  Marks marks{.stale = item.stale(), .taken = item.won()};
  if (!marks.taken && (marks.stale || expires_soon)) {
    marks.won = context.store.try_win(item);
    marks.taken = !marks.won;
  }
  debug_check(!(marks.won && marks.taken), "an item is won by one client");
  return marks;
}

void write_marks(const Marks& marks, protocol::LineWriter& line) {
  // In memcached's order.
  if (marks.taken) {
    line.flag('Z');
  }
  if (marks.stale) {
    line.flag('X');
  }
  if (marks.won) {
    line.flag('W');
  }
}

/// Writes the return flags of a hit. T and R act in their place among them, as in memcached: a t
/// before T tells the old time to live, one behind it the new.
class HitFlags {
 public:
  HitFlags(const Context& context, const Command& command, const Hit& hit)
      : context_(context), command_(command), hit_(hit), expiry_(hit.expiry_before) {}

  void write(char flag, protocol::LineWriter& line) {
    const storage::Item& item = *hit_.found.item;
    switch (flag) {
      case 'c':
        line.flag('c').number(context_.visible_cas(item.cas()));
        break;
      case 'f':
        line.flag('f').number(item.client_flags());
        break;
      case 'h':
        line.flag('h').letter(hit_.found.fetched && !hit_.vivified ? '1' : '0');
        break;
      case 'l':
        line.flag('l').number(hit_.vivified ? 0 : hit_.found.seconds_since_access);
        break;
      case 's':
        line.flag('s').number(item.value_size());
        break;
      case 't':
        line.flag('t').signed_number(protocol::remaining_ttl(expiry_, context_.clock.now()));
        break;
      default:
        echo_flag(command_, flag, line);
        break;
    }
  }

  /// T and R: what they change for the flags behind them. Returns true if R finds the item soon
  /// expired.
  bool apply(char flag) {
    if (flag == 'T' && hit_.expiry_after) {
      expiry_ = *hit_.expiry_after;
    }
    return flag == 'R' && expiry_ != 0 &&
           protocol::remaining_ttl(expiry_, context_.clock.now()) < command_.meta.recache_ttl;
  }

 private:
  const Context& context_;
  const Command& command_;
  const Hit& hit_;
  UnixSeconds expiry_;
};

void answer_hit(const Context& context, const Command& command, const Hit& hit,
                ReplyBuffer& reply) {
  debug_check(static_cast<bool>(hit.found), "a hit has an item");
  const storage::Item& item = *hit.found.item;
  const MetaFlags& flags = command.meta;
  const bool unchanged = flags.has('C') && context.visible_cas(item.cas()) == flags.cas_compare;
  const bool with_value = flags.has('v') && !unchanged;
  const auto write_line = [&](protocol::LineWriter& line) {
    if (with_value) {
      protocol::write_value_code(item.value_size(), line);
    } else {
      line.text("HD");
    }
    HitFlags hit_flags(context, command, hit);
    bool expires_soon = false;
    each_flag(flags, [&](char flag) {
      expires_soon |= hit_flags.apply(flag);
      hit_flags.write(flag, line);
    });
    write_marks(decide_marks(context, hit, expires_soon), line);
    line.end_line();
  };
  if (with_value) {
    append_line_and_value(context, item, protocol::max_meta_line(command), write_line, reply);
    return;
  }
  append_written(reply, protocol::max_meta_line(command), write_line);
}

}  // namespace

void meta_get(Context& context, const Command& command, storage::Hash hash, ReplyBuffer& reply) {
  const Hit hit = find_or_vivify(context, command, hash);
  count(context, command, hit);
  if (hit.found) {
    answer_hit(context, command, hit, reply);
  } else if (!command.meta.has('q')) {
    append_meta_line(command, "EN", reply);
  }
}

void meta_debug(Context& context, const Command& command, storage::Hash hash, ReplyBuffer& reply) {
  ++context.counters.cmd_meta;
  const Found found = context.store.find(context.thread, command.key, hash, Access::peek);
  if (context.log.watched(kFetchers)) [[unlikely]] {
    report_get(context, command.key, found.item);
  }
  if (!found) {
    append_line(reply, "EN");
    return;
  }
  const storage::Item& item = *found.item;
  debug_check([&] { return context.store.class_of(item) != 0; },
              "an item lies in a page of a class");
  constexpr size_t kFieldsSize = 3 + 48 + size_t{5} * kMaxDecimalSize;
  // exp counts up to 0, as memcached's does: the time since the item expires.
  const int64_t since_expiry =
      item.exptime() == 0 ? -1 : int64_t{context.clock.now()} - int64_t{item.exptime()};
  append_written(reply, kFieldsSize + command.key_text.size(), [&](protocol::LineWriter& line) {
    line.text("ME ").text(command.key_text).text(" exp=").signed_number(since_expiry);
    line.text(" la=").number(found.seconds_since_access);
    line.text(" cas=").number(context.visible_cas(item.cas()));
    line.text(found.fetched ? " fetch=yes" : " fetch=no");
    line.text(" cls=").number(context.store.class_of(item));
    line.text(" size=").number(item.size()).end_line();
  });
}

}  // namespace ember::server::command
