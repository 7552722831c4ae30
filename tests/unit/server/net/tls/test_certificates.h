// SPDX-License-Identifier: BSD-3-Clause
// test_certificates: a folder with a CA's, a server's and a client's certificates and keys, made
// anew for each test, and a client that speaks TLS from memory.
#pragma once

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "server/net/tls/tls_context.h"

namespace ember::server::net {

class TestCertificates {
 public:
  TestCertificates() {
    std::string name = (std::filesystem::temp_directory_path() / "ember-tls-XXXXXX").string();
    EXPECT_NE(nullptr, ::mkdtemp(name.data()));
    folder_ = name;
    authority_key_ = EVP_EC_gen("P-256");
    authority_ = certify("ca", authority_key_, nullptr);
    write("ca", authority_, authority_key_);
    renew("server");
    renew("client");
  }
  ~TestCertificates() {
    X509_free(authority_);
    EVP_PKEY_free(authority_key_);
    std::filesystem::remove_all(folder_);
  }
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;

  std::string path(std::string_view name) const { return folder_ / name; }

  /// A new key and certificate: "NAME.pem", "NAME.key" and, of the key, "NAME.der".
  void renew(const std::string& name) {
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = certify(name, key, authority_);
    write(name, certificate, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

  void fill(std::string_view name, std::string_view text) const {
    std::ofstream(path(name)) << text;
  }

  TlsOptions options() const {
    TlsOptions options;
    options.chain_cert = path("server.pem");
    options.key = path("server.key");
    return options;
  }

 private:
  X509* certify(const std::string& name, EVP_PKEY* key, X509* issuer) const {
    static constexpr long kDay = 86'400;
    X509* const certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial_++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -kDay);
    X509_gmtime_adj(X509_getm_notAfter(certificate), kDay);
    X509_NAME* const subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate, issuer != nullptr ? X509_get_subject_name(issuer) : subject);
    X509_set_pubkey(certificate, key);
    if (issuer == nullptr) {
      X509_EXTENSION* const authority =
          X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
      X509_add_ext(certificate, authority, -1);
      X509_EXTENSION_free(authority);
    }
    X509_sign(certificate, authority_key_, EVP_sha256());
    return certificate;
  }

  void write(const std::string& name, X509* certificate, EVP_PKEY* key) const {
    const auto put = [&](const std::string& file, const auto& write_to) {
      std::FILE* const out = std::fopen(path(file).c_str(), "w");
      ASSERT_NE(nullptr, out);
      EXPECT_EQ(1, write_to(out));
      std::fclose(out);
    };
    put(name + ".pem", [&](std::FILE* out) { return PEM_write_X509(out, certificate); });
    put(name + ".key", [&](std::FILE* out) {
      return PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
    put(name + ".der", [&](std::FILE* out) { return i2d_PrivateKey_fp(out, key); });
  }

  std::filesystem::path folder_;
  EVP_PKEY* authority_key_ = nullptr;
  X509* authority_ = nullptr;
  mutable long serial_ = 1;
};

/// The client's end of a TLS connection; what it sends and receives is moved by the test.
class TlsClient {
 public:
  struct Options {
    int version = 0;          // 0: any
    std::string certificate;  // its own, with `key`
    std::string key;
    std::string ciphers;
    SSL_SESSION* resumed = nullptr;
  };

  explicit TlsClient(const Options& options) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_.get(), options.version);
    SSL_CTX_set_max_proto_version(context_.get(), options.version);
    if (!options.certificate.empty()) {
      EXPECT_EQ(1, SSL_CTX_use_certificate_chain_file(context_.get(), options.certificate.c_str()));
      EXPECT_EQ(1,
                SSL_CTX_use_PrivateKey_file(context_.get(), options.key.c_str(), SSL_FILETYPE_PEM));
    }
    if (!options.ciphers.empty()) {
      EXPECT_EQ(1, SSL_CTX_set_cipher_list(context_.get(), options.ciphers.c_str()));
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_.get());
    if (options.resumed != nullptr) {
      SSL_set_session(ssl_.get(), options.resumed);
    }
  }

  /// Goes on with the handshake, or reads: what came is added to `received`.
  void advance(std::string_view from_server) {
    BIO_write(SSL_get_rbio(ssl_.get()), from_server.data(), static_cast<int>(from_server.size()));
    char bytes[4096];
    int size = 0;
    do {
      ERR_clear_error();
      size = SSL_read(ssl_.get(), bytes, sizeof(bytes));
      received.append(bytes, static_cast<size_t>(size > 0 ? size : 0));
    } while (size > 0);
    const int error = SSL_get_error(ssl_.get(), size);
    failed = failed || error == SSL_ERROR_SSL;
    said_goodbye = said_goodbye || error == SSL_ERROR_ZERO_RETURN;
  }

  void say(std::string_view plain) {
    EXPECT_EQ(static_cast<int>(plain.size()),
              SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size())));
  }

  /// What is to be sent to the server.
  std::string outgoing() {
    BIO* const bio = SSL_get_wbio(ssl_.get());
    std::string bytes(BIO_ctrl_pending(bio), '\0');
    BIO_read(bio, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }

  bool established() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  SSL* ssl() { return ssl_.get(); }

  std::string received;
  bool failed = false;
  bool said_goodbye = false;

 private:
  std::unique_ptr<SSL_CTX, SslFree> context_;
  SslPtr ssl_;
};

}  // namespace ember::server::net
