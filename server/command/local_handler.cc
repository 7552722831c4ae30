// SPDX-License-Identifier: BSD-3-Clause
// local_handler: see the header.
#include "server/command/local_handler.h"

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/arguments.h"
#include "protocol/classic_reply.h"
#include "server/command/admin_commands.h"
#include "server/command/binary_commands.h"
#include "server/command/command_log.h"
#include "server/command/crawler_commands.h"
#include "server/command/meta_arithmetic.h"
#include "server/command/meta_delete.h"
#include "server/command/meta_get.h"
#include "server/command/retrieval.h"
#include "server/command/stats_report.h"
#include "server/command/storage_commands.h"

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
    : context_{parts.store,    parts.thread, parts.clock,
               parts.registry, parts.stats,  parts.registry.add(),
               parts.log,      dumps_,       parts.registry.prefixes().add(),
               options},
      watchers_(parts.watch, parts.outlet) {}

void LocalHandler::warm(std::span<const Command> group, std::span<storage::Hash> hashes) const {
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
    case Verb::ms:
      store_value(context_, command, hash, reply);
      return Next::ready;
    case Verb::delete_:
      classic_delete(context_, command, hash, reply);
      return Next::ready;
    case Verb::incr:
    case Verb::decr:
      classic_arithmetic(context_, command, hash, reply);
      return Next::ready;
    case Verb::touch:
      touch(context_, command, hash, reply);
      return Next::ready;
    case Verb::mg:
      meta_get(context_, command, hash, reply);
      return Next::ready;
    case Verb::md:
      meta_delete(context_, command, hash, reply);
      return Next::ready;
    case Verb::ma:
      meta_arithmetic(context_, command, hash, reply);
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
  context_.client = &client;
  const bool told = context_.log.watched(kRawCommands);
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
      if (told) [[unlikely]] {
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
  return begin_storing(context_, command, reply);
}

Progress LocalHandler::finish_value(protocol::Client& client, const Command& command,
                                    std::unique_ptr<protocol::IncomingValue> value,
                                    ReplyBuffer& reply) {
  context_.client = &client;
  finish_storing(context_, command, std::move(value), reply);
  return {1, Next::ready};
}

void LocalHandler::reported(protocol::Client& client) { watchers_.reported(client); }

void LocalHandler::forget(protocol::Client& client) {
  dumps_.forget(client);
  watchers_.forget(client);
}

}  // namespace ember::server::command
