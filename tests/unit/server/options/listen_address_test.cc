// SPDX-License-Identifier: BSD-3-Clause
#include "server/options/listen_address.h"

#include <gtest/gtest.h>

#include <string>

namespace ember::server {
namespace {

ListenAddress parsed(std::string_view text) {
  std::vector<ListenAddress> specs;
  const auto refusal = parse_listen_specs(text, specs);
  EXPECT_FALSE(refusal.has_value()) << text << ": " << refusal->message;
  EXPECT_EQ(specs.size(), 1U) << text;
  return specs.empty() ? ListenAddress{} : specs.front();
}

std::string refused(std::string_view text) {
  std::vector<ListenAddress> specs;
  const auto refusal = parse_listen_specs(text, specs);
  EXPECT_TRUE(refusal.has_value()) << text;
  if (!refusal) {
    return {};
  }
  EXPECT_EQ(refusal->exit_code, kSystemExitCode);
  return refusal->message;
}

TEST(ListenAddress, APlainAddressHasNoPrefixes) {
  const ListenAddress spec = parsed("127.0.0.1:11211");
  EXPECT_EQ(spec, (ListenAddress{.host = "127.0.0.1", .port = 11211, .protocol = {}, .tag = {}}));
  EXPECT_EQ(spec.tls, TlsMode::by_default);
}

TEST(ListenAddress, EachPrefixIsRead) {
  EXPECT_EQ(parsed("proto[ascii]:127.0.0.1").protocol, Protocol::ascii);
  EXPECT_EQ(parsed("proto[binary]:127.0.0.1").protocol, Protocol::binary);
  EXPECT_EQ(parsed("proto[negotiating]:127.0.0.1").protocol, Protocol::automatic);
  EXPECT_EQ(parsed("tag[b]:127.0.0.1").tag, "b");
  EXPECT_EQ(parsed("tag_b_:127.0.0.1").tag, "b");
  EXPECT_EQ(parsed("notls:127.0.0.1").tls, TlsMode::off);
  EXPECT_EQ(parsed("btls:127.0.0.1").tls, TlsMode::on);
  EXPECT_EQ(parsed("mtls:127.0.0.1").tls, TlsMode::mutual);
}

TEST(ListenAddress, PrefixesStandBeforeEveryFormOfAddress) {
  const ListenAddress all = parsed("proto[ascii]:tag[eightlet]:mtls:[::1]:5000");
  EXPECT_EQ(all.host, "::1");
  EXPECT_EQ(all.port, 5000);
  EXPECT_EQ(all.protocol, Protocol::ascii);
  EXPECT_EQ(all.tag, "eightlet");
  EXPECT_EQ(all.tls, TlsMode::mutual);
  // memcached 1.6.18 wants notls first, later ones want it last.
  EXPECT_EQ(parsed("mtls:tag[eightlet]:proto[ascii]:[::1]:5000"), all);
  EXPECT_EQ(parsed("tag[x]:::1").host, "::1");
  EXPECT_EQ(parsed("tag[x]:*").host, "");
  EXPECT_EQ(parsed("tag[x]:*:7").port, 7);
}

TEST(ListenAddress, AHostMayBeginLikeAPrefix) {
  EXPECT_EQ(parsed("tagged.example.org:5").host, "tagged.example.org");
  EXPECT_EQ(parsed("proto:5").host, "proto");
  EXPECT_EQ(parsed("tag_store:5").host, "tag_store");
  EXPECT_EQ(parsed("notls").host, "notls");
}

TEST(ListenAddress, EachAddressOfAListHasItsOwn) {
  std::vector<ListenAddress> specs;
  ASSERT_FALSE(parse_listen_specs("tag[a]:127.0.0.1:1,127.0.0.1:2;notls:127.0.0.1:3", specs));
  ASSERT_EQ(specs.size(), 3U);
  EXPECT_EQ(specs[0].tag, "a");
  EXPECT_EQ(specs[1].tag, "");
  EXPECT_EQ(specs[1].tls, TlsMode::by_default);
  EXPECT_EQ(specs[2].tls, TlsMode::off);
}

TEST(ListenAddress, RefusesWhatIsNoPrefix) {
  EXPECT_EQ(refused("tag[]:127.0.0.1"), "Listener tags must be between 1 and 8 characters: \"\"");
  EXPECT_EQ(refused("tag[123456789]:127.0.0.1"),
            "Listener tags must be between 1 and 8 characters: \"123456789\"");
  EXPECT_TRUE(refused("tag[b").starts_with("Invalid tag in socket config: \"[b\""));
  EXPECT_TRUE(refused("tag[b]127.0.0.1").starts_with("Invalid tag in socket config"));
  EXPECT_TRUE(refused("proto[ascii").starts_with("Invalid proto in socket config"));
  EXPECT_EQ(refused("proto[http]:127.0.0.1"),
            "-l knows no proto[http]; it is one of ascii, binary, negotiating and proxy");
  EXPECT_EQ(refused("proto[proxy]:127.0.0.1"), "Server not built with proxy: \"proto[proxy]\"");
}

TEST(ListenAddress, RefusesPrefixesTwiceOrWithoutAnAddress) {
  EXPECT_EQ(refused("tag[a]:tag[b]:127.0.0.1"), "-l takes tag[...] before an address once");
  EXPECT_EQ(refused("proto[ascii]:proto[ascii]:127.0.0.1"),
            "-l takes proto[...] before an address once");
  EXPECT_EQ(refused("notls:mtls:127.0.0.1"),
            "-l takes one of notls, btls and mtls before an address, once");
  EXPECT_EQ(refused("tag[a]:"),
            "-l needs an address behind a prefix; for every address write \"*\"");
}

TEST(ListenAddress, TlsPrefixesNeedTls) {
  for (const std::string word : {"notls", "btls", "mtls"}) {
    const std::vector<ListenAddress> specs = {parsed("127.0.0.1"), parsed(word + ":127.0.0.1")};
    EXPECT_FALSE(check_listen_specs(specs, /*tls=*/true));
    const auto refusal = check_listen_specs(specs, /*tls=*/false);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->message, "'" + word + "' option is valid only when SSL is enabled");
    EXPECT_EQ(refusal->exit_code, kSystemExitCode);
  }
  EXPECT_FALSE(check_listen_specs(std::vector<ListenAddress>{parsed("127.0.0.1")}, /*tls=*/false));
}

}  // namespace
}  // namespace ember::server
