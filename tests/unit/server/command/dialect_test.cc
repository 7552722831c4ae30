// SPDX-License-Identifier: BSD-3-Clause
// What the three dialects ask of the store for the same thing (server/command/dialect.h). How they
// answer is in the tests of the commands.
#include "server/command/dialect.h"

#include <gtest/gtest.h>

#include "server/command/binary_dialect.h"
#include "server/command/classic_dialect.h"
#include "server/command/meta_dialect.h"
#include "tests/unit/protocol/binary_request.h"
#include "tests/unit/server/command/conversation.h"

namespace ember::server::command {
namespace {

using protocol::MetaMode;
using protocol::Verb;
using Mode = storage::WriteRule::Mode;
using End = storage::Store::End;

class DialectTest : public testing::Test {
 protected:
  Context context(bool use_cas = true) {
    return {.store = ask_.store(),
            .thread = ask_.thread(),
            .clock = ask_.clock,
            .registry = ask_.registry,
            .stats = ask_.stats,
            .counters = counters_,
            .log = ask_.log,
            .dumps = dumps_,
            .prefixes = ask_.registry.prefixes().add(),
            .options = {.use_cas = use_cas}};
  }

  static protocol::Command text(Verb verb) {
    protocol::Command command;
    command.verb = verb;
    return command;
  }
  static protocol::Command meta(Verb verb, std::string_view flags) {
    protocol::Command command = text(verb);
    command.meta.text = flags;
    for (const char flag : flags) {
      command.meta.seen |= flag == ' ' ? 0 : uint64_t{1} << (flag - 'A');
    }
    return command;
  }
  static protocol::Command binary(Verb verb, uint64_t cas) {
    protocol::Command command = text(verb);
    command.is_binary = true;
    command.binary.cas = cas;
    return command;
  }

  Conversation ask_;
  Counters counters_;
  ItemDumps dumps_;
};

TEST_F(DialectTest, PrefixesAreNotCountedOfMetaCommands) {
  EXPECT_TRUE(kClassicDialect.counts_prefixes);
  EXPECT_TRUE(kBinaryDialect.counts_prefixes);
  EXPECT_FALSE(kMetaDialect.counts_prefixes);
}

TEST_F(DialectTest, VerbsAndModesAskTheSame) {
  struct Row {
    Verb verb;
    MetaMode mode;
    Mode rule;
    std::optional<End> end;
  };
  for (const Row& row :
       {Row{Verb::set, MetaMode::set, Mode::set, {}}, Row{Verb::add, MetaMode::add, Mode::add, {}},
        Row{Verb::replace, MetaMode::replace, Mode::replace, {}},
        Row{Verb::append, MetaMode::append, Mode::set, End::back},
        Row{Verb::prepend, MetaMode::prepend, Mode::set, End::front}}) {
    protocol::Command ms = meta(Verb::ms, "M");
    ms.meta.mode = row.mode;
    for (const StoreRequest& request :
         {kClassicDialect.store_request(context(), text(row.verb)),
          kBinaryDialect.store_request(context(), binary(row.verb, 0)),
          kMetaDialect.store_request(context(), ms)}) {
      EXPECT_EQ(request.rule.mode, row.rule);
      EXPECT_EQ(request.end, row.end);
      EXPECT_EQ(request.rule.cas_compare, std::nullopt);
    }
  }
}

TEST_F(DialectTest, OldValuesGoWithAFailedSetOrMs) {
  EXPECT_TRUE(kClassicDialect.store_request(context(), text(Verb::set)).drops_old);
  EXPECT_FALSE(kClassicDialect.store_request(context(), text(Verb::cas)).drops_old);
  EXPECT_FALSE(kBinaryDialect.store_request(context(), binary(Verb::add, 0)).drops_old);
  EXPECT_TRUE(kMetaDialect.store_request(context(), meta(Verb::ms, "")).drops_old);
}

TEST_F(DialectTest, ABinaryCasMakesAnyStoreASet) {
  const StoreRequest request = kBinaryDialect.store_request(context(), binary(Verb::add, 7));
  EXPECT_EQ(request.rule.mode, Mode::set);
  EXPECT_EQ(request.rule.cas_compare, 7U);
}

TEST_F(DialectTest, WithoutCasACompareNeverMatchesButInBinaryStores) {
  EXPECT_EQ(kClassicDialect.store_request(context(false), text(Verb::cas)).rule.cas_compare,
            UINT64_MAX);
  EXPECT_EQ(kBinaryDialect.store_request(context(false), binary(Verb::set, 7)).rule.cas_compare,
            std::nullopt);
  EXPECT_EQ(kBinaryDialect.delete_request(context(false), binary(Verb::delete_, 7)).cas_compare,
            UINT64_MAX);
}

TEST_F(DialectTest, OnlyMetaDeletesInvalidate) {
  EXPECT_FALSE(kClassicDialect.delete_request(context(), text(Verb::delete_)).invalidate);
  EXPECT_FALSE(kMetaDialect.delete_request(context(), meta(Verb::md, "q")).invalidate);
  const DeleteRequest stale = kMetaDialect.delete_request(context(), meta(Verb::md, "I"));
  ASSERT_TRUE(stale.invalidate);
  EXPECT_TRUE(stale.invalidate->mark_stale);
  EXPECT_FALSE(stale.invalidate->drop_value);
}

TEST_F(DialectTest, WhatMakesAMissingNumber) {
  EXPECT_FALSE(kClassicDialect.arithmetic_request(context(), text(Verb::incr)).vivify);
  EXPECT_FALSE(kMetaDialect.arithmetic_request(context(), meta(Verb::ma, "v")).vivify);
  EXPECT_TRUE(kMetaDialect.arithmetic_request(context(), meta(Verb::ma, "N")).vivify);
  protocol::Command incr = binary(Verb::incr, 0);
  EXPECT_TRUE(kBinaryDialect.arithmetic_request(context(), incr).vivify);
  incr.exptime = 0xffffffff;
  EXPECT_FALSE(kBinaryDialect.arithmetic_request(context(), incr).vivify);
}

}  // namespace
}  // namespace ember::server::command
