// SPDX-License-Identifier: BSD-3-Clause
// written: a reply buffer whose bytes a test takes as text. For the tests of everything that writes
// replies.
#pragma once

#include <string>

#include "protocol/reply_buffer.h"

namespace ember::protocol::testing {

class WrittenReply {
 public:
  ReplyBuffer& reply() { return reply_; }

  /// Returns what was written since the last call.
  std::string take() {
    std::string text;
    iovec range;
    while (reply_.gather({&range, 1}) != 0) {
      text.append(static_cast<const char*>(range.iov_base), range.iov_len);
      reply_.consume(range.iov_len);
    }
    return text;
  }

 private:
  BlockPool pool_;
  ReplyBuffer reply_{pool_};
};

}  // namespace ember::protocol::testing
