// SPDX-License-Identifier: BSD-3-Clause
// TlsServer: the server's end of a TLS connection: blocking, for a thread of its own.
#pragma once

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "bench/tls_client.h"
#include "tests/unit/server/net/tls/test_certificates.h"

namespace ember::bench {

class TlsServer {
 public:
  TlsServer(Fd socket, const server::net::TestCertificates& certificates,
            std::string_view authority = "")
      : socket_(std::move(socket)), context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate_chain_file(context_.get(), certificates.path("server.pem").c_str());
    SSL_CTX_use_PrivateKey_file(context_.get(), certificates.path("server.key").c_str(),
                                SSL_FILETYPE_PEM);
    if (!authority.empty()) {
      SSL_CTX_load_verify_locations(context_.get(), std::string(authority).c_str(), nullptr);
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                         nullptr);
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), socket_.get());
  }

  bool accept() { return SSL_accept(ssl_.get()) == 1; }

  std::string read(size_t size) {
    std::string bytes(size, '\0');
    size_t filled = 0;
    while (filled < size) {
      const int got = SSL_read(ssl_.get(), bytes.data() + filled, static_cast<int>(size - filled));
      if (got <= 0) {
        break;
      }
      filled += static_cast<size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
  }

  /// In records of `part` bytes.
  void write(std::string_view bytes, size_t part = 16384) {
    while (!bytes.empty()) {
      const std::string_view one = bytes.substr(0, part);
      ASSERT_EQ(static_cast<int>(one.size()),
                SSL_write(ssl_.get(), one.data(), static_cast<int>(one.size())));
      bytes.remove_prefix(one.size());
    }
  }

  void leave() {
    SSL_shutdown(ssl_.get());
    ssl_.reset();
    socket_.reset();
  }

 private:
  Fd socket_;
  std::unique_ptr<SSL_CTX, SslFree> context_;
  SslPtr ssl_;
};

}  // namespace ember::bench
