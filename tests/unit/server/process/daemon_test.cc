// SPDX-License-Identifier: BSD-3-Clause
#include "server/process/daemon.h"

#include <fmt/format.h>
#include <sys/prctl.h>

#include "tests/unit/server/process/process_fixture.h"

namespace ember::server {
namespace {

class BackgroundTest : public ProcessFixture {
 protected:
  // Servers whose starter is gone become this process's: it can tell how they ended.
  void SetUp() override {
    ProcessFixture::SetUp();
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  }
  void TearDown() override {
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    ProcessFixture::TearDown();
  }

  /// A starter, whose server does `serve` and ends with its result. Standard output and error of
  /// both go into `words`.
  pid_t start(const std::function<int(Daemon&)>& serve) {
    const pid_t starter = begin_process();
    if (starter == 0) {
      ::dup2(words_.writable.get(), STDOUT_FILENO);
      ::dup2(words_.writable.get(), STDERR_FILENO);
      words_.writable.reset();
      Daemon background;
      ::_exit(background.detach() ? serve(background) : 99);
    }
    words_.writable.reset();
    return starter;
  }

  static void say(int fd, const std::string& text) {
    check(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()),
          "the pipe has room");
  }

  Pipe words_;
  Pipe facts_;
};

TEST_F(BackgroundTest, TheStarterEndsWellWhenTheServerServes) {
  const Pipe go_on;
  const pid_t starter = start([&](Daemon& background) {
    go_on.read(1);
    const bool serves = background.serve(false, false).has_value();
    facts_.write(fmt::format("{} {} {} {}", serves, ::getpid() == ::getsid(0),
                             std::filesystem::current_path().string(), ::getpid()));
    return 3;
  });
  EXPECT_EQ(::waitpid(starter, nullptr, WNOHANG), 0) << "it waits";
  go_on.write("+");
  EXPECT_EQ(wait_for(starter), 0);
  facts_.writable.reset();
  const std::string facts = facts_.read();
  EXPECT_TRUE(facts.starts_with("true true / ")) << facts;
  const pid_t server = std::stoi(facts.substr(facts.rfind(' ')));
  EXPECT_NE(server, starter);
  EXPECT_EQ(wait_for(server), 3);
}

TEST_F(BackgroundTest, TheStarterHearsTheServersWordsAndItsExitCode) {
  const pid_t starter = start([](Daemon&) {
    say(STDOUT_FILENO, "out ");
    say(STDERR_FILENO, "cannot listen");
    return 71;
  });
  EXPECT_EQ(wait_for(starter), 71);
  EXPECT_EQ(words_.read(), "out cannot listen");
}

TEST_F(BackgroundTest, ASignalIsToldAsAShellTellsIt) {
  const pid_t starter = start([](Daemon&) { return ::raise(SIGKILL); });
  EXPECT_EQ(wait_for(starter), 128 + SIGKILL);
}

TEST_F(BackgroundTest, AServerThatServesSaysNoMoreUnlessItsOutputIsKept) {
  for (const bool keep_output : {false, true}) {
    words_ = Pipe();
    const pid_t starter = start([&](Daemon& background) {
      say(STDERR_FILENO, "before");
      if (!background.serve(keep_output, false)) {
        return 1;
      }
      say(STDOUT_FILENO, " out");
      say(STDERR_FILENO, " after");
      return 0;
    });
    EXPECT_EQ(wait_for(starter), 0);
    EXPECT_EQ(words_.read(), keep_output ? "before out after" : "before");
    wait_for(-1);
  }
}

TEST_F(BackgroundTest, TheWorkingFolderIsKeptWhereCoreDumpsAreWanted) {
  const std::string here = std::filesystem::current_path();
  const pid_t starter = start([&](Daemon& background) {
    const bool serves = background.serve(false, true).has_value();
    facts_.write(serves ? std::filesystem::current_path().string() : "does not serve");
    return 0;
  });
  EXPECT_EQ(wait_for(starter), 0);
  facts_.writable.reset();
  EXPECT_EQ(facts_.read(), here);
  wait_for(-1);
}

TEST_F(BackgroundTest, EndsWithItsStarterUntilItServes) {
  for (const bool serves : {false, true}) {
    facts_ = Pipe();
    const Pipe go_on;
    const pid_t starter = start([&](Daemon& background) {
      background.end_with_starter();
      if (serves && !background.serve(true, true)) {
        return 1;
      }
      facts_.write(fmt::format("{:8}", ::getpid()));
      go_on.read(1);
      return 5;
    });
    const pid_t server = std::stoi(facts_.read(8));
    if (!serves) {
      ::kill(starter, SIGKILL);
    }
    EXPECT_EQ(wait_for(starter), serves ? 0 : -SIGKILL);
    go_on.write("+");  // too late for one that was to end with its starter
    EXPECT_EQ(wait_for(server), serves ? 5 : -SIGTERM);
    words_ = Pipe();
  }
}

TEST_F(BackgroundTest, WithoutDetachingNothingChanges) {
  EXPECT_EQ(in_process([&] {
              Daemon background;
              background.end_with_starter();
              const std::string here = std::filesystem::current_path();
              ::dup2(words_.writable.get(), STDERR_FILENO);
              if (!background.serve(false, false) || here != std::filesystem::current_path()) {
                return 1;
              }
              say(STDERR_FILENO, "heard");
              return 0;
            }),
            0);
  words_.writable.reset();
  EXPECT_EQ(words_.read(), "heard");
}

}  // namespace
}  // namespace ember::server
