// SPDX-License-Identifier: BSD-3-Clause
// ReplyBuffer: order, blocks given back, references released exactly once; and against a string.
#include "protocol/reply_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace ember::protocol {
namespace {

/// Counts releases by token.
struct Releases {
  std::vector<uint64_t> tokens;
  Release release(uint64_t token) {
    return {
        .call = [](void* context,
                   uint64_t which) { static_cast<Releases*>(context)->tokens.push_back(which); },
        .context = this,
        .token = token};
  }
};

std::string contents(const ReplyBuffer& reply) {
  std::vector<iovec> ranges(10000);
  ranges.resize(reply.gather(ranges));
  std::string text;
  for (const iovec& range : ranges) {
    text.append(static_cast<const char*>(range.iov_base), range.iov_len);
  }
  return text;
}

TEST(ReplyBufferTest, KeepsTheOrderOfBytesAndReferences) {
  BlockPool pool;
  ReplyBuffer reply(pool);
  Releases releases;
  const std::string value = "value";
  reply.append("one ");
  reply.append_reference(value, releases.release(7));
  reply.append(" two");
  EXPECT_EQ(contents(reply), "one value two");
  EXPECT_EQ(reply.size(), 13U);
  reply.consume(6);
  EXPECT_EQ(contents(reply), "lue two");
  EXPECT_TRUE(releases.tokens.empty());
  reply.consume(3);
  EXPECT_EQ(releases.tokens, std::vector<uint64_t>{7});
  reply.append("!");
  EXPECT_EQ(contents(reply), " two!");
  reply.consume(5);
  EXPECT_TRUE(reply.empty());
}

TEST(ReplyBufferTest, AnEmptyReferenceIsReleasedAtOnce) {
  BlockPool pool;
  ReplyBuffer reply(pool);
  Releases releases;
  reply.append_reference("", releases.release(1));
  EXPECT_EQ(releases.tokens, std::vector<uint64_t>{1});
  EXPECT_TRUE(reply.empty());
}

TEST(ReplyBufferTest, ClearReleasesWhatWasNotSent) {
  BlockPool pool;
  Releases releases;
  {
    ReplyBuffer reply(pool);
    reply.append_reference("a", releases.release(1));
    reply.append_reference("b", releases.release(2));
    reply.clear();
    EXPECT_EQ(releases.tokens, (std::vector<uint64_t>{1, 2}));
    reply.append_reference("c", releases.release(3));
  }
  EXPECT_EQ(releases.tokens, (std::vector<uint64_t>{1, 2, 3}));
}

TEST(ReplyBufferTest, AFullySentBufferGivesItsBlockBack) {
  BlockPool pool;
  ReplyBuffer one(pool);
  one.append("x");
  iovec range;
  ASSERT_EQ(one.gather({&range, 1}), 1U);
  const void* block = range.iov_base;
  one.consume(1);
  ReplyBuffer two(pool);
  EXPECT_EQ(two.reserve(1), block);
}

TEST(ReplyBufferTest, TheBlockOfSentBytesIsNotWrittenAgain) {
  BlockPool pool;
  ReplyBuffer one(pool);
  one.append("x");
  one.append_reference("reference", {});
  one.consume(1);  // the block goes back though the reply goes on
  ReplyBuffer two(pool);
  two.append("y");
  one.append("z");
  EXPECT_EQ(contents(two), "y");
  EXPECT_EQ(contents(one), "referencez");
}

TEST(ReplyBufferTest, TruncateTakesBackBytesAndReferences) {
  BlockPool pool;
  ReplyBuffer reply(pool);
  Releases releases;
  reply.append("kept");
  reply.append(" not");
  reply.append_reference("nor this", releases.release(1));
  reply.append("nor that");
  reply.truncate(4);
  EXPECT_EQ(releases.tokens, std::vector<uint64_t>{1});
  reply.append("!");
  EXPECT_EQ(contents(reply), "kept!");
  reply.truncate(0);
  EXPECT_TRUE(reply.empty());
}

TEST(ReplyBufferTest, AppendsMoreThanABlock) {
  BlockPool pool;
  ReplyBuffer reply(pool);
  std::string text(3 * BlockPool::kBlockSize + 5, 'x');
  text += "end";
  reply.append("a");
  reply.append(text);
  EXPECT_EQ(contents(reply), "a" + text);
}

TEST(ReplyBufferTest, GathersNoMoreThanThereIsRoomFor) {
  BlockPool pool;
  ReplyBuffer reply(pool);
  reply.append_reference("a", {});
  reply.append_reference("b", {});
  reply.append_reference("c", {});
  std::vector<iovec> ranges(2);
  EXPECT_EQ(reply.gather(ranges), 2U);
}

/// Random calls beside a string that does the same.
class ReplyBufferModel {
 public:
  explicit ReplyBufferModel(unsigned seed) : random_(seed) {}

  void step() {
    switch (pick(6)) {
      case 0:
      case 1:
        write(std::string(pick(40) + 1, letter()));
        break;
      case 2:
        write(std::string(pick(9000) + 1, letter()));
        break;
      case 3: {
        const std::string_view part = std::string_view(source_).substr(pick(100), pick(3000));
        reply_.append_reference(part, releases_.release(references_++));
        model_ += part;
        break;
      }
      case 4: {
        const size_t size = pick(model_.size() + 1);
        reply_.consume(size);
        model_.erase(0, size);
        kept_ -= std::min(kept_, size);
        break;
      }
      default:
        // As a handler does: back to where a line began.
        reply_.truncate(std::max(kept_, model_.size() / 2));
        model_.resize(std::max(kept_, model_.size() / 2));
        kept_ = model_.size();
        break;
    }
    ASSERT_EQ(reply_.size(), model_.size());
    ASSERT_EQ(contents(reply_), model_);
  }

  void finish() {
    reply_.clear();
    std::sort(releases_.tokens.begin(), releases_.tokens.end());
    ASSERT_EQ(releases_.tokens.size(), references_);
    for (size_t i = 0; i < references_; ++i) {
      ASSERT_EQ(releases_.tokens[i], i);
    }
  }

 private:
  size_t pick(size_t bound) { return random_() % bound; }
  char letter() { return static_cast<char>('a' + pick(26)); }

  void write(const std::string& text) {
    if (pick(2) == 0) {
      reply_.append(text);
    } else {
      std::memcpy(reply_.reserve(text.size() + pick(100)), text.data(), text.size());
      reply_.commit(text.size());
    }
    model_ += text;
  }

  std::minstd_rand random_;
  std::string source_ = std::string(4000, 'R');
  Releases releases_;
  BlockPool pool_;
  ReplyBuffer reply_{pool_};
  std::string model_;
  size_t kept_ = 0;
  size_t references_ = 0;
};

TEST(ReplyBufferTest, BehavesAsAString) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    ReplyBufferModel model(seed);
    for (int i = 0; i < 300; ++i) {
      ASSERT_NO_FATAL_FAILURE(model.step());
    }
    ASSERT_NO_FATAL_FAILURE(model.finish());
  }
}

}  // namespace
}  // namespace ember::protocol
