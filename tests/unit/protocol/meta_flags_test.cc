// SPDX-License-Identifier: BSD-3-Clause
// meta_flags: every letter, every mode; which of two errors is told.
#include "protocol/meta_flags.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ember::protocol {
namespace {

constexpr size_t kWordsBefore = 2;

MetaFlagErrors parse(Verb verb, std::string_view text, MetaFlags& flags) {
  return parse_meta_flags(verb, text, kWordsBefore, text.data() + text.size(), flags);
}

MetaMode mode_of(Verb verb, std::string_view text) {
  MetaFlags flags;
  const MetaFlagErrors errors = parse(verb, text, flags);
  return errors.token.empty() ? flags.mode : MetaMode::unset;
}

TEST(MetaFlagsParserTest, TheLettersOfMemcachedAreKnownAndNoOthers) {
  const std::string_view known = "CDEFIJLMNOPRTbcfhklqstuvx";
  for (int letter = '!'; letter <= '~'; ++letter) {
    const std::string text = std::string(1, static_cast<char>(letter)) + "1";
    MetaFlags flags;
    const bool is_known = known.find(static_cast<char>(letter)) != std::string_view::npos;
    EXPECT_EQ(parse(Verb::mg, text, flags).letter, is_known ? "" : "CLIENT_ERROR invalid flag")
        << text;
    if (is_known) {
      EXPECT_TRUE(flags.has(static_cast<char>(letter)));
      EXPECT_EQ(parse(Verb::mg, text + " " + text, flags).letter, "CLIENT_ERROR duplicate flag");
    }
  }
}

TEST(MetaFlagsParserTest, TokensAreRead) {
  MetaFlags flags;
  const std::string_view text = "C1 E2 D3 J4 F5 T-6 N7 R8 Oopaque q";
  const MetaFlagErrors errors = parse(Verb::ma, text, flags);
  EXPECT_TRUE(errors.letter.empty() && errors.token.empty());
  EXPECT_EQ(flags.cas_compare, 1U);
  EXPECT_EQ(flags.cas_new, 2U);
  EXPECT_EQ(flags.delta, 3U);
  EXPECT_EQ(flags.initial, 4U);
  EXPECT_EQ(flags.client_flags, 5U);
  EXPECT_EQ(flags.ttl, -6);
  EXPECT_EQ(flags.vivify_ttl, 7);
  EXPECT_EQ(flags.recache_ttl, 8);
  EXPECT_EQ(flags.opaque, "opaque");
  EXPECT_EQ(flags.text, text);
}

TEST(MetaFlagsParserTest, NothingIsLeftOfTheCommandBefore) {
  MetaFlags flags;
  parse(Verb::ma, "D7 J8 MD O1 q", flags);
  parse(Verb::ma, "", flags);
  EXPECT_EQ(flags.seen, 0U);
  EXPECT_EQ(flags.delta, 1U);
  EXPECT_EQ(flags.initial, 0U);
  EXPECT_EQ(flags.mode, MetaMode::unset);
  EXPECT_TRUE(flags.opaque.empty());
}

TEST(MetaFlagsParserTest, Modes) {
  EXPECT_EQ(mode_of(Verb::ms, "ME"), MetaMode::add);
  EXPECT_EQ(mode_of(Verb::ms, "Me"), MetaMode::add);
  EXPECT_EQ(mode_of(Verb::ms, "MA"), MetaMode::append);
  EXPECT_EQ(mode_of(Verb::ms, "Ma"), MetaMode::append);
  EXPECT_EQ(mode_of(Verb::ms, "MP"), MetaMode::prepend);
  EXPECT_EQ(mode_of(Verb::ms, "MR"), MetaMode::replace);
  EXPECT_EQ(mode_of(Verb::ms, "Ms"), MetaMode::set);
  EXPECT_EQ(mode_of(Verb::ma, "MI"), MetaMode::incr);
  EXPECT_EQ(mode_of(Verb::ma, "M+"), MetaMode::incr);
  EXPECT_EQ(mode_of(Verb::ma, "Md"), MetaMode::decr);
  EXPECT_EQ(mode_of(Verb::ma, "M-"), MetaMode::decr);
  MetaFlags flags;
  EXPECT_EQ(parse(Verb::ms, "MI", flags).token, "CLIENT_ERROR invalid mode for ms M token");
  EXPECT_EQ(parse(Verb::ma, "ME", flags).token, "CLIENT_ERROR invalid mode for ma M token");
  EXPECT_EQ(parse(Verb::ma, "MII", flags).token, "CLIENT_ERROR invalid or duplicate flag");
  EXPECT_EQ(parse(Verb::ms, "MEE", flags).token, "CLIENT_ERROR incorrect length for M token");
}

TEST(MetaFlagsParserTest, TheFirstBadTokenIsTold) {
  MetaFlags flags;
  EXPECT_EQ(parse(Verb::ms, "Dx Tx Mx", flags).token, "CLIENT_ERROR invalid numeric delta value");
  EXPECT_EQ(parse(Verb::ms, "Tx Dx Mx", flags).token,
            "CLIENT_ERROR bad token in command line format");
}

TEST(MetaFlagsParserTest, TooManyWordsAreToldFirst) {
  std::string text = "! !";
  for (size_t i = kWordsBefore + 2; i + 1 < kTooManyMetaWords; ++i) {
    text += " P";
  }
  MetaFlags flags;
  EXPECT_EQ(parse(Verb::ms, text, flags).letter, "CLIENT_ERROR invalid flag");
  EXPECT_EQ(parse(Verb::ms, text + " P", flags).letter, "CLIENT_ERROR options flags too long");
  EXPECT_EQ(parse(Verb::mg, text + " P", flags).letter, "CLIENT_ERROR options flags are too long");
}

}  // namespace
}  // namespace ember::protocol
