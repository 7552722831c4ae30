// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/local_handler.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "protocol/arguments.h"
#include "protocol/classic_reply.h"
#include "server/command/admin_commands.h"
#include "server/command/arithmetic.h"
#include "server/command/binary_commands.h"
#include "server/command/binary_dialect.h"
#include "server/command/classic_dialect.h"
#include "server/command/command_log.h"
#include "server/command/crawler_commands.h"
#include "server/command/delete.h"
#include "server/command/get.h"
#include "server/command/meta_dialect.h"
#include "server/command/meta_get.h"
#include "server/command/set.h"
#include "server/command/stats_report.h"
#include "server/command/streamed_set.h"

namespace ember::server::command {

using protocol::Command;
using protocol::Next;
using protocol::Progress;
using protocol::ReplyBuffer;
using protocol::Verb;

namespace {

void answer_version(const Context& context, ReplyBuffer& reply) {
  reply.append("VERSION ");
  append_line(reply, context.options.version);
}

/// The dialect of a storage command.
const Dialect& dialect_of(const Command& command) {
  if (command.is_binary) {
    return kBinaryDialect;
  }
  return command.verb == Verb::ms ? kMetaDialect : kClassicDialect;
}

/// Where the answers to the retrieval line under way begin: memcached takes them back when a later
/// key of the line is invalid.
class RetrievalLine {
 public:
  void before(const Command& command, ReplyBuffer& reply) {
    if (protocol::is_retrieval(command.verb)) {
      start_ = open_ ? start_ : reply.size();
      open_ = true;
      return;
    }
    debug_check(!open_ || start_ <= reply.size(), "answers of the line are still in the reply");
    if (open_ && command.verb == Verb::invalid && !command.is_binary) {
      reply.truncate(start_);
    }
    open_ = false;
  }

 private:
  size_t start_ = 0;
  bool open_ = false;
};

}  // namespace

LocalHandler::LocalHandler(const HandlerParts& parts, const Options& options)
    : context_{.store = parts.store,
               .thread = parts.thread,
               .clock = parts.clock,
               .registry = parts.registry,
               .stats = parts.stats,
               .counters = parts.registry.add(),
               .log = parts.log,
               .dumps = dumps_,
               .prefixes = parts.registry.prefixes().add(),
               .options = options},
      watchers_(parts.watch, parts.outlet) {}

void LocalHandler::warm(std::span<const Command> group, std::span<storage::Hash> hashes) const {
  debug_check(!group.empty() && group.size() <= hashes.size(), "every command has a place");
  for (size_t i = 0; i < group.size(); ++i) {
    if (!group[i].key.empty()) {
      hashes[i] = storage::hash_key(group[i].key);
    }
  }
  if (group.size() == 1) {
    return;  // nothing to do meanwhile
  }
  for (size_t i = 0; i < group.size(); ++i) {
    if (!group[i].key.empty()) {
      context_.store.prefetch_bucket(hashes[i]);
    }
  }
  for (size_t i = 0; i < group.size(); ++i) {
    if (!group[i].key.empty()) {
      context_.store.prefetch_item(hashes[i]);
    }
  }
}

Next LocalHandler::dispatch(const Command& command, storage::Hash hash, ReplyBuffer& reply) {
  if (command.is_binary) [[unlikely]] {
    return execute_binary(context_, command, hash, reply);
  }
  switch (command.verb) {
    case Verb::get:
    case Verb::gets:
    case Verb::gat:
    case Verb::gats:
      retrieve(context_, command, hash, reply);
      return Next::ready;
    case Verb::get_end:
      append_line(reply, "END");
      return Next::ready;
    case Verb::set:
    case Verb::add:
    case Verb::replace:
    case Verb::append:
    case Verb::prepend:
    case Verb::cas:
      store_value(context_, kClassicDialect, command, hash, reply);
      return Next::ready;
    case Verb::delete_:
      delete_item(context_, kClassicDialect, command, hash, reply);
      return Next::ready;
    case Verb::incr:
    case Verb::decr:
      calculate(context_, kClassicDialect, command, hash, reply);
      return Next::ready;
    case Verb::touch:
      touch(context_, command, hash, reply);
      return Next::ready;
    case Verb::mg:
      meta_get(context_, command, hash, reply);
      return Next::ready;
    case Verb::ms:
      store_value(context_, kMetaDialect, command, hash, reply);
      return Next::ready;
    case Verb::md:
      delete_item(context_, kMetaDialect, command, hash, reply);
      return Next::ready;
    case Verb::ma:
      calculate(context_, kMetaDialect, command, hash, reply);
      return Next::ready;
    case Verb::mn:
      append_line(reply, "MN");
      return Next::ready;
    case Verb::me:
      meta_debug(context_, command, hash, reply);
      return Next::ready;
    default:
      return dispatch_keyless(command, reply);
  }
}

/// Commands of the text protocol that name no key.
Next LocalHandler::dispatch_keyless(const Command& command, ReplyBuffer& reply) {
  switch (command.verb) {
    case Verb::version:
      answer_version(context_, reply);
      return Next::ready;
    case Verb::quit:
      return Next::close;
    case Verb::stats:
      return report_stats(context_, command, reply);
    case Verb::invalid:
      answer(command, command.error, reply);
      return Next::ready;
    case Verb::lru_crawler:
      return control_crawler(context_, command, reply);
    case Verb::watch:
      return watch(command, reply);
    default:
      return administer(context_, command, reply);
  }
}

Next LocalHandler::watch(const Command& command, ReplyBuffer& reply) {
  if (!context_.options.watch_enabled) {
    if (!protocol::Arguments(command.arguments).last_is("noreply")) {
      append_line(reply, "CLIENT_ERROR watch commands not allowed");
    }
    return Next::ready;
  }
  return watchers_.start(*context_.client, command.arguments, reply);
}

Progress LocalHandler::execute(protocol::Client& client, std::span<const Command> batch,
                               ReplyBuffer& reply) {
  debug_check(context_.options.max_reply_size > 0, "an empty reply takes a command");
  context_.client = &client;
  const bool watched = context_.log.watched(kRawCommands);
  std::array<storage::Hash, kGroupSize> hashes{};
  RetrievalLine line;
  for (size_t first = 0; first < batch.size(); first += kGroupSize) {
    const auto group = batch.subspan(first, std::min(kGroupSize, batch.size() - first));
    warm(group, hashes);
    for (size_t i = 0; i < group.size(); ++i) {
      if (reply.size() >= context_.options.max_reply_size) {
        return {first + i, Next::ready};
      }
      const Command& command = group[i];
      line.before(command, reply);
      if (watched) [[unlikely]] {
        report_command(context_, command);
      }
      const Next next = dispatch(command, hashes[i], reply);
      if (next != Next::ready) {
        return {first + i + (next == Next::again ? 0 : 1), next};
      }
    }
  }
  return {batch.size(), Next::ready};
}

std::unique_ptr<protocol::IncomingValue> LocalHandler::begin_value(protocol::Client& client,
                                                                   const Command& command,
                                                                   ReplyBuffer& reply) {
  context_.client = &client;
  if (context_.log.watched(kRawCommands)) [[unlikely]] {
    report_command(context_, command);
  }
  return StreamedSet::begin(context_, dialect_of(command), command, reply);
}

Progress LocalHandler::finish_value(protocol::Client& client, const Command& command,
                                    std::unique_ptr<protocol::IncomingValue> value,
                                    ReplyBuffer& reply) {
  check(value != nullptr, "finish_value needs the value that begin_value gave");
  debug_check([&] { return dynamic_cast<StreamedSet*>(value.get()) != nullptr; },
              "every value that this handler begins is a StreamedSet");
  context_.client = &client;
  static_cast<StreamedSet&>(*value).finish(context_, command, reply);
  return {.executed = 1, .next = Next::ready};
}

void LocalHandler::reported(protocol::Client& client) { watchers_.reported(client); }

void LocalHandler::forget(protocol::Client& client) {
  dumps_.forget(client);
  watchers_.forget(client);
}

}  // namespace ember::server::command
