// SPDX-License-Identifier: BSD-3-Clause
// Sasl: whoever judges a client's SASL messages (-S). The seam by which SaslGate asks and server
// answers.
//
// Threads: begin() and mechanisms() on any worker's loop; a conversation on the one it began on.
// Cost: a step may ask another process (saslauthd) and wait for it, with all of the worker's
// clients.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace ember::server {

enum class SaslOutcome : uint8_t {
  granted,
  more,  // the client has to answer what the step said
  refused,
};

/// One attempt of one client. Over with the first outcome that is not `more`.
class SaslConversation {
 public:
  virtual ~SaslConversation() = default;
  /// `answer` is what the client is told with `more`.
  virtual SaslOutcome start(std::string_view mechanism, std::string_view data,
                            std::string& answer) = 0;
  virtual SaslOutcome step(std::string_view data, std::string& answer) = 0;
};

class Sasl {
 public:
  virtual ~Sasl() = default;
  /// The names of the mechanisms there are, with blanks between.
  virtual std::string mechanisms() = 0;
  /// Null when the library has no room for another one.
  virtual std::unique_ptr<SaslConversation> begin() = 0;
};

}  // namespace ember::server
