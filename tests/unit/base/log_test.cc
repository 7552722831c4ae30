// SPDX-License-Identifier: BSD-3-Clause
#include "base/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

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

TEST_F(Log, LinesOfSeveralThreadsDoNotMix) {
  constexpr int kThreads = 4;
  constexpr int kLines = 50;
  CapturedStderr captured;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([thread] {
        for (int line = 0; line < kLines; ++line) {
          info("{}", std::string(60, static_cast<char>('a' + thread)));
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
