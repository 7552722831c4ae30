// SPDX-License-Identifier: BSD-3-Clause
// The words before the semicolon are those memcached 1.6.18 said of the same mistake.
#include "server/net/tls/tls_context.h"

#include <gtest/gtest.h>

#include "tests/unit/server/net/tls/test_certificates.h"

namespace ember::server::net {
namespace {

class TlsContextTest : public testing::Test {
 protected:
  void expect_refused(const TlsOptions& options, const std::string& words) const {
    const auto context = TlsContext::open(options);
    ASSERT_FALSE(context.has_value()) << words;
    EXPECT_TRUE(context.error().message.starts_with(words)) << context.error().message;
  }

  TestCertificates certificates;
};

TEST_F(TlsContextTest, LoadsWhatIsGiven) {
  TlsOptions options = certificates.options();
  options.ca_cert = certificates.path("ca.pem");
  options.ciphers = "TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256";
  const auto context = TlsContext::open(options);
  ASSERT_TRUE(context.has_value()) << context.error().message;
  EXPECT_NE(nullptr, (*context)->accept(Security::tls));
  EXPECT_EQ(0U, (*context)->seconds_since_load());
  EXPECT_EQ(0U, (*context)->handshake_errors());
}

TEST_F(TlsContextTest, TakesAKeyInTheChainFileAndOneInDer) {
  TlsOptions options = certificates.options();
  options.key = certificates.path("server.der");
  options.key_format = TlsKeyFormat::der;
  EXPECT_TRUE(TlsContext::open(options).has_value());

  std::filesystem::copy_file(certificates.path("server.key"), certificates.path("both.pem"));
  std::ofstream(certificates.path("both.pem"), std::ios::app)
      << std::ifstream(certificates.path("server.pem")).rdbuf();
  options = certificates.options();
  options.chain_cert = certificates.path("both.pem");
  options.key.clear();
  EXPECT_TRUE(TlsContext::open(options).has_value());
}

TEST_F(TlsContextTest, TellsWhichFileIsWrongAndWhy) {
  TlsOptions options = certificates.options();
  options.chain_cert = certificates.path("none");
  expect_refused(options, "Error loading the certificate chain: " + options.chain_cert +
                              " : No such file or directory; ");
  options.chain_cert = certificates.path("server.key");
  expect_refused(options,
                 "Error loading the certificate chain: " + options.chain_cert + " : no start line");
  options = certificates.options();
  options.key = certificates.path("none");
  expect_refused(options,
                 "Error loading the key: " + options.key + " : No such file or directory; ");
  options.key = certificates.path("client.key");
  expect_refused(options, "Error loading the key: " + options.key + " : key values mismatch; ");
  options = certificates.options();
  options.ca_cert = certificates.path("none");
  expect_refused(options, "Error loading the CA certificate: " + options.ca_cert);
  options = certificates.options();
  options.ciphers = "NONSENSE";
  expect_refused(options, "Error setting the provided cipher(s): NONSENSE; ");
}

TEST_F(TlsContextTest, LoadsEachSideAsAsked) {
  TlsOptions options;
  options.accept = false;
  options.connect.emplace(TlsConnectOptions{.authorities = certificates.path("ca.pem")});
  const auto context = TlsContext::open(options);
  ASSERT_TRUE(context.has_value()) << context.error().message;
  for (const std::string name : {"cache.example", "127.0.0.1", "::1", ""}) {
    const SslPtr ssl = (*context)->connect(name);
    ASSERT_NE(nullptr, ssl) << name;
    EXPECT_EQ(0, SSL_is_server(ssl.get()));
    const char* const told = SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name);
    EXPECT_EQ(name == "cache.example" ? name : "", told == nullptr ? "" : told);
  }
  EXPECT_EQ(nullptr, (*context)->connect(std::string(1000, 'n'))) << "no host has such a name";

  options.connect->authorities = certificates.path("none");
  expect_refused(
      options, "Error loading the authorities of servers: " + options.connect->authorities + " : ");
}

TEST_F(TlsContextTest, AsksNobodyForAPassPhrase) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  std::FILE* const out = std::fopen(certificates.path("locked.key").c_str(), "w");
  PEM_write_PrivateKey(out, key, EVP_aes_128_cbc(), reinterpret_cast<const unsigned char*>("word"),
                       4, nullptr, nullptr);
  std::fclose(out);
  EVP_PKEY_free(key);
  TlsOptions options = certificates.options();
  options.key = certificates.path("locked.key");
  expect_refused(options, "Error loading the key: " + options.key);
}

TEST_F(TlsContextTest, ABadReloadChangesNothing) {
  auto context = TlsContext::open(certificates.options());
  ASSERT_TRUE(context.has_value());
  const auto serial = [&] {
    const SslPtr ssl = (*context)->accept(Security::tls);
    return ASN1_INTEGER_get(X509_get0_serialNumber(SSL_get_certificate(ssl.get())));
  };
  const long first = serial();
  certificates.fill("server.pem", "noise");
  const auto refused = (*context)->reload();
  ASSERT_FALSE(refused.has_value());
  EXPECT_TRUE(refused.error().message.starts_with("Error loading the certificate chain: "));
  EXPECT_EQ(first, serial());

  certificates.renew("server");
  EXPECT_TRUE((*context)->reload().has_value());
  EXPECT_NE(first, serial());
}

}  // namespace
}  // namespace ember::server::net
