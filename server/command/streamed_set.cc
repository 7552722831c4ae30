// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/streamed_set.h"

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "protocol/classic_reply.h"
#include "server/command/set.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using protocol::ReplyBuffer;
using storage::Outcome;

/// set and its likes: the parts go into the item's own chunks.
class DraftedSet final : public StreamedSet {
 public:
  DraftedSet(const Dialect& dialect, const StoreRequest& request, storage::Draft draft)
      : StreamedSet(dialect, request), draft_(std::move(draft)) {}
  std::span<char> next() override { return draft_.next(); }
  void advance(size_t size) override { draft_.advance(size); }

 private:
  StoreResult store(const Context& context, const Command& command) override {
    debug_check([&] { return draft_.next().empty(); }, "a draft is published full");
    return publish(context, command, request(), std::move(draft_));
  }

  storage::Draft draft_;
};

/// append, prepend: the parts are collected. The system gives memory as it is written: a client
/// that only announces much costs little.
class JoinedSet final : public StreamedSet {
 public:
  JoinedSet(const Dialect& dialect, const StoreRequest& request, size_t size)
      : StreamedSet(dialect, request),
        bytes_(std::make_unique_for_overwrite<char[]>(size)),
        size_(size) {}
  std::span<char> next() override { return {bytes_.get() + filled_, size_ - filled_}; }
  void advance(size_t size) override {
    check(size <= size_ - filled_, "a value is not longer than announced");
    filled_ += size;
  }

 private:
  StoreResult store(const Context& context, const Command& command) override {
    check(filled_ == size_, "a value is joined when all of it is there");
    return join(context, command, request(), {bytes_.get(), size_});
  }

  std::unique_ptr<char[]> bytes_;
  size_t size_;
  size_t filled_ = 0;
};

}  // namespace

std::unique_ptr<StreamedSet> StreamedSet::begin(const Context& context, const Dialect& dialect,
                                                const Command& command, ReplyBuffer& reply) {
  const StoreRequest request =
      begin_store(context, dialect, command, storage::hash_key(command.key));
  Outcome outcome = Outcome::too_large;
  if (request.end) {
    if (!exceeds_item_size(context, command)) {
      return std::make_unique<JoinedSet>(dialect, request, command.value_size);
    }
  } else {
    storage::Draft draft = draft_value(context, command, request);
    outcome = draft.outcome();
    if (outcome == Outcome::stored) {
      return std::make_unique<DraftedSet>(dialect, request, std::move(draft));
    }
  }
  dialect.answer_store(context, command, refuse(context, command, request, outcome), reply);
  return nullptr;
}

void StreamedSet::finish(const Context& context, const Command& command, ReplyBuffer& reply) {
  debug_check([&] { return request_.hash == storage::hash_key(command.key); },
              "a set ends with the command that it began with");
  if (!command.value_complete) {
    answer(command, protocol::kBadDataChunk, reply);
    return;
  }
  dialect_.answer_store(context, command, store(context, command), reply);
}

}  // namespace ember::server::command
