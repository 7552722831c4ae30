// SPDX-License-Identifier: BSD-3-Clause
#include "base/log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace ember::log {
namespace {

/// Standard error goes into a pipe for as long as this lives.
class CapturedStderr {
 public:
  CapturedStderr() : saved_(::dup(STDERR_FILENO)) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    read_end_.reset(ends[0]);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
  }
  ~CapturedStderr() { restore(); }

  /// Everything written so far. Standard error is itself again.
  std::string text() {
    restore();
    std::string all;
    char buffer[4096];
    ssize_t size = 0;
    while ((size = ::read(read_end_.get(), buffer, sizeof(buffer))) > 0) {
      all.append(buffer, static_cast<size_t>(size));
    }
    return all;
  }

 private:
  void restore() {
    if (saved_) {
      ::dup2(saved_.get(), STDERR_FILENO);
      saved_.reset();
    }
  }

  Fd saved_;
  Fd read_end_;
};

class Log : public testing::Test {
 protected:
  ~Log() override { set_level(Level::info); }
};

TEST_F(Log, WritesOneLineWithItsLevel) {
  CapturedStderr captured;
  error("cannot open {}: {}", "/some/file", "no such file");
  warning("w");
  info("i {}", 3);
  EXPECT_EQ(captured.text(),
            "ember: error: cannot open /some/file: no such file\n"
            "ember: warning: w\n"
            "ember: info: i 3\n");
}

TEST_F(Log, DropsWhatIsAboveTheLevel) {
  CapturedStderr captured;
  debug("dropped by default");
  set_level(Level::debug);
  debug("kept");
  write(Level::trace, "dropped");
  set_level(Level::error);
  info("dropped");
  warning("dropped");
  error("kept");
  EXPECT_EQ(captured.text(), "ember: debug: kept\nember: error: kept\n");
}

TEST_F(Log, EnabledSaysWhatWouldBeWritten) {
  set_level(Level::warning);
  EXPECT_TRUE(enabled(Level::error));
  EXPECT_TRUE(enabled(Level::warning));
  EXPECT_FALSE(enabled(Level::info));
  EXPECT_FALSE(enabled(Level::trace));
}

TEST_F(Log, EscapesControlCharactersSoThatAClientCannotForgeLines) {
  CapturedStderr captured;
  info("key {}", std::string("a\nember: error: b\r\x1b[31m\x7f\0c", 26));
  EXPECT_EQ(captured.text(), "ember: info: key a\\x0aember: error: b\\x0d\\x1b[31m\\x7f\\x00c\n");
}

TEST_F(Log, QuotesValuesThatNeedIt) {
  EXPECT_EQ(value("epoll"), "epoll");
  EXPECT_EQ(value("no room"), "\"no room\"");
  EXPECT_EQ(value("a=b"), "\"a=b\"");
  EXPECT_EQ(value("say \"x\""), "\"say \\\"x\\\"\"");
  EXPECT_EQ(value(""), "\"\"");
}

TEST_F(Log, LimitsAKindOfMessageButNotWhatWasAskedFor) {
  CapturedStderr captured;
  set_level(Level::trace);
  for (int i = 0; i < 100; ++i) {
    warning("again and again {}", i);
    trace("traced {}", i);
  }
  const std::string text = captured.text();
  const auto count = [&text](std::string_view word) {
    size_t found = 0;
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
      ++found;
    }
    return found;
  };
  EXPECT_EQ(count("again and again"), 20U);
  EXPECT_EQ(count("traced"), 100U);
}

TEST_F(Log, BeginsWithThePriorityWhereTheJournalReads) {
  CapturedStderr captured;
  struct stat status{};
  ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
  ::setenv("JOURNAL_STREAM", fmt::format("{}:{}", status.st_dev, status.st_ino).c_str(), 1);
  error("e");
  warning("w");
  info("i");
  ::setenv("JOURNAL_STREAM", "1:1", 1);  // somebody else's
  info("elsewhere");
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_EQ(captured.text(), "<3>error: e\n<4>warning: w\n<6>info: i\nember: info: elsewhere\n");
}

TEST_F(Log, LinesOfSeveralThreadsDoNotMix) {
  constexpr int kThreads = 4;
  constexpr int kLines = 50;
  CapturedStderr captured;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([thread] {
        for (int line = 0; line < kLines; ++line) {
          write(Level::info, std::string(60, static_cast<char>('a' + thread)));
        }
      });
    }
  }
  const std::string text = captured.text();
  size_t lines = 0;
  for (size_t begin = 0; begin < text.size(); ++lines) {
    const size_t end = text.find('\n', begin);
    ASSERT_NE(end, std::string::npos);
    const std::string line = text.substr(begin, end - begin);
    const char letter = line.back();
    EXPECT_EQ(line, "ember: info: " + std::string(60, letter));
    begin = end + 1;
  }
  EXPECT_EQ(lines, static_cast<size_t>(kThreads * kLines));
}

}  // namespace
}  // namespace ember::log
