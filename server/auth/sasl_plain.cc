// SPDX-License-Identifier: BSD-3-Clause
#include "server/auth/sasl_plain.h"

#include <strings.h>

#include <memory>
#include <string>

#include "base/check.h"

namespace ember::server {
namespace {

constexpr std::string_view kName = "PLAIN";

bool is_plain(std::string_view mechanism) {
  return mechanism.size() == kName.size() &&
         ::strncasecmp(mechanism.data(), kName.data(), kName.size()) == 0;
}

class Conversation final : public SaslConversation {
 public:
  explicit Conversation(const AuthFile& users) : users_(users) {}

  SaslOutcome start(std::string_view mechanism, std::string_view data,
                    std::string& answer) override {
    if (!is_plain(mechanism)) {
      return SaslOutcome::refused;
    }
    if (data.empty()) {
      answer.clear();
      return SaslOutcome::more;  // without an initial response: it comes with the step
    }
    return step(data, answer);
  }

  SaslOutcome step(std::string_view data, std::string& answer) override {
    answer.clear();
    const auto message = read_plain(data);
    // Nobody may act for somebody else: there is nothing one user may do and another may not.
    const bool granted =
        message && (message->authorization.empty() || message->authorization == message->user) &&
        users_.allow(message->user, message->password);
    return granted ? SaslOutcome::granted : SaslOutcome::refused;
  }

 private:
  const AuthFile& users_;
};

}  // namespace

std::optional<PlainMessage> read_plain(std::string_view data) {
  const size_t first = data.find('\0');
  if (first == std::string_view::npos) {
    return std::nullopt;
  }
  const size_t second = data.find('\0', first + 1);
  if (second == std::string_view::npos || data.find('\0', second + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  check(first < second, "the second zero byte is behind the first");
  const PlainMessage message{.authorization = data.substr(0, first),
                             .user = data.substr(first + 1, second - first - 1),
                             .password = data.substr(second + 1)};
  if (message.user.empty() || message.password.empty()) {
    return std::nullopt;
  }
  return message;
}

std::unique_ptr<SaslConversation> SaslPlain::begin() {
  return std::make_unique<Conversation>(users_);
}

}  // namespace ember::server
