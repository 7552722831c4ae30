// SPDX-License-Identifier: BSD-3-Clause
// ProcessFixture: for what belongs to a whole process: a folder of the test's own, and processes to
// try it in. They leave by _exit: nothing of the test runs twice.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/fd.h"

namespace ember::server {

/// One end reads what all holders of the other have written, once they are gone.
struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    check(::pipe2(ends.data(), O_CLOEXEC) == 0, "the test has descriptors");
    readable.reset(ends[0]);
    writable.reset(ends[1]);
  }

  /// Up to the end, or up to `most` bytes.
  std::string read(size_t most = std::string::npos) const {
    std::string text;
    std::array<char, 256> some{};
    while (text.size() < most) {
      const ssize_t size =
          ::read(readable.get(), some.data(), std::min(some.size(), most - text.size()));
      if (size <= 0) {
        break;
      }
      text.append(some.data(), static_cast<size_t>(size));
    }
    return text;
  }
  void write(const std::string& text) const {
    check(::write(writable.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()),
          "the pipe has room");
  }

  Fd readable;
  Fd writable;
};

class ProcessFixture : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "ember_XXXXXX";
    ASSERT_NE(nullptr, ::mkdtemp(name.data()));
    folder_ = name;
  }
  void TearDown() override {
    for (const pid_t process : processes_) {
      ::kill(process, SIGKILL);
      ::waitpid(process, nullptr, 0);
    }
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
    std::filesystem::remove_all(folder_);
  }

  std::string path(const std::string& name) const { return folder_ + '/' + name; }
  void put(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }
  std::string content(const std::string& name) const {
    std::ifstream file(path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool there(const std::string& name) const {
    return std::filesystem::exists(std::filesystem::symlink_status(path(name)));
  }

  /// As fork(), but nothing that is still to be printed is printed twice.
  static pid_t begin_process() {
    std::fflush(nullptr);
    return ::fork();
  }

  /// The exit code of a process that does `what`.
  static int in_process(const std::function<int()>& what) {
    const pid_t process = begin_process();
    if (process == 0) {
      ::_exit(what());
    }
    return wait_for(process);
  }

  /// A process's exit code, or minus the signal that ended it. -1: of any child.
  static int wait_for(pid_t process) {
    int status = 0;
    check(::waitpid(process, &status, 0) > 0, "the process is the test's");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  /// A process that does `prepare` and stays until the test ends.
  pid_t persistent_process(const std::function<void()>& prepare) {
    const Pipe ready;
    const pid_t process = begin_process();
    if (process == 0) {
      prepare();
      ready.write("+");
      for (;;) {
        ::pause();
      }
    }
    processes_.push_back(process);
    check(ready.read(1) == "+", "the process is there");
    return process;
  }

  std::string folder_;

 private:
  std::vector<pid_t> processes_;
};

}  // namespace ember::server
