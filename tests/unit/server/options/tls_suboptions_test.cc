// SPDX-License-Identifier: BSD-3-Clause
// The words before the colon and the exit codes are those memcached 1.6.18 answered with.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/options/command_line.h"
#include "server/options/suboptions.h"

namespace ember::server {
namespace {

constexpr const char* kCertificate = "ssl_chain_cert=/c.pem,";

Options accepted_tls(const std::string& list) {
  auto options = parse_options({"-Z", "-o", kCertificate + list});
  EXPECT_TRUE(options.has_value()) << list << ": " << options.error().message;
  return options.value_or(Options{});
}

void expect_tls_refused(const std::vector<std::string>& arguments, const std::string& message,
                        int exit_code = 1) {
  const auto options = parse_options(arguments);
  ASSERT_FALSE(options.has_value()) << message;
  EXPECT_TRUE(options.error().message.starts_with(message)) << options.error().message;
  EXPECT_EQ(options.error().exit_code, exit_code) << message;
}

TEST(TlsSuboptions, FilesAreAbsoluteAsTheDirectoryMayChange) {
  const Options options = accepted_tls("ssl_key=/x/../k.pem,ssl_ca_cert=a.pem");
  EXPECT_TRUE(options.tls_enabled);
  EXPECT_EQ(options.tls.chain_cert, "/c.pem");
  EXPECT_EQ(options.tls.key, "/k.pem");
  EXPECT_TRUE(options.tls.ca_cert.starts_with('/'));
  EXPECT_TRUE(options.tls.ca_cert.ends_with("/a.pem"));
}

TEST(TlsSuboptions, DefaultsAreMemcacheds) {
  const Options options = accepted_tls("");
  EXPECT_EQ(options.tls.key_format, net::TlsKeyFormat::pem);
  EXPECT_EQ(options.tls.verify, net::TlsVerify::none);
  EXPECT_EQ(options.tls.min_version, net::TlsVersion::tls1_2);
  EXPECT_EQ(options.tls.write_size, 16 * kKiB);
  EXPECT_FALSE(options.tls.session_cache);
}

TEST(TlsSuboptions, ChoicesByNumberAndByWord) {
  EXPECT_EQ(accepted_tls("ssl_verify_mode=3").tls.verify, net::TlsVerify::once);
  EXPECT_EQ(accepted_tls("ssl_verify_mode=Require").tls.verify, net::TlsVerify::require);
  EXPECT_EQ(accepted_tls("ssl_keyformat=2").tls.key_format, net::TlsKeyFormat::der);
  EXPECT_EQ(accepted_tls("ssl_keyformat=DER").tls.key_format, net::TlsKeyFormat::der);
  EXPECT_EQ(accepted_tls("ssl_min_version=3").tls.min_version, net::TlsVersion::tls1_3);
  EXPECT_EQ(accepted_tls("ssl_min_version=tlsv1.0").tls.min_version, net::TlsVersion::tls1_0);
}

TEST(TlsSuboptions, TheOthers) {
  const Options options =
      accepted_tls("ssl_ciphers=A:B,ssl_session_cache,ssl_handshake_timeout=7,ssl_wbuf_size=64");
  EXPECT_EQ(options.tls.ciphers, "A:B");
  EXPECT_TRUE(options.tls.session_cache);
  EXPECT_EQ(options.tls.handshake_timeout_s, 7U);
  EXPECT_EQ(options.tls.write_size, 64 * kKiB);
  EXPECT_EQ(accepted_tls("ssl_wbuf_size=0").tls.write_size, kKiB);
  EXPECT_EQ(accepted_tls("ssl_wbuf_size=17000").tls.write_size, kMiB);
  ASSERT_EQ(accepted_tls("ssl_kernel_tls").notes.size(), 1U);
}

TEST(TlsSuboptions, WhatIsNoChoiceIsRefused) {
  expect_tls_refused({"-o", "ssl_verify_mode=9"}, "Invalid ssl_verify_mode");
  expect_tls_refused({"-o", "ssl_verify_mode=abc"}, "could not parse argument to ssl_verify_mode");
  expect_tls_refused({"-o", "ssl_verify_mode"}, "Missing ssl_verify_mode argument");
  expect_tls_refused({"-o", "ssl_keyformat=XYZ"}, "could not parse argument to ssl_keyformat");
  expect_tls_refused({"-o", "ssl_keyformat=7"}, "could not parse argument to ssl_keyformat");
  expect_tls_refused({"-o", "ssl_min_version=4"}, "Invalid ssl_min_version");
  expect_tls_refused({"-o", "ssl_min_version=tlsv9"},
                     "could not parse argument to ssl_min_version");
  expect_tls_refused({"-o", "ssl_wbuf_size=-1"}, "could not parse argument to ssl_wbuf_size");
  expect_tls_refused({"-o", "ssl_ciphers"}, "Missing ssl_ciphers argument");
  expect_tls_refused({"-o", "ssl_handshake_timeout=0"},
                     "ssl_handshake_timeout takes a number from 1 to 3600");
  expect_tls_refused({"-o", "ssl_foo"}, "Illegal suboption \"ssl_foo\"");
}

TEST(TlsSuboptions, WithoutACertificateThereIsNoTls) {
  expect_tls_refused({"-Z"}, "Error loading the certificate chain: -Z needs", 64);
  expect_tls_refused({"-Z", "-o", "ssl_key=/k.pem"}, "Error loading the certificate chain", 64);
}

TEST(TlsSuboptions, ListenersWithTlsNeedIt) {
  expect_tls_refused({"-l", "btls:127.0.0.1"}, "'btls' option is valid only when SSL is enabled",
                     71);
  EXPECT_EQ(accepted_tls("ssl_ca_cert=/a.pem").listen.size(), 0U);
  expect_tls_refused({"-Z", "-o", "ssl_chain_cert=/c.pem", "-l", "mtls:127.0.0.1"},
                     "-l mtls: needs -o ssl_ca_cert", 64);
  const auto options = parse_options(
      {"-Z", "-o", "ssl_chain_cert=/c.pem,ssl_ca_cert=/a.pem", "-l", "mtls:127.0.0.1"});
  EXPECT_TRUE(options.has_value()) << options.error().message;
}

}  // namespace
}  // namespace ember::server
