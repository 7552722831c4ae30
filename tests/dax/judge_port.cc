// SPDX-License-Identifier: BSD-3-Clause
#include "tests/dax/judge_port.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/io.h>

#include <cerrno>
#include <cstdio>

namespace ember::dax {

namespace {

constexpr unsigned short kPort = 0xe9;
// What QEMU's debug console reads as; a port with nothing behind it reads as 0xff.
constexpr unsigned char kReadback = 0xe9;

}  // namespace

Result<JudgePort> JudgePort::open(bool to_stdout) {
  if (to_stdout) return JudgePort(true, Fd());
  if (::ioperm(kPort, 1, 1) != 0) {
    return fail_errno("cannot use the debug port (outside the test machine say --stdout)", errno);
  }
  if (::inb(kPort) != kReadback) {
    return fail("there is no debug port: start the emulator with -device isa-debugcon,iobase=0xe9");
  }
  // The program itself: all who use the port have that file.
  Fd lock(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!lock) {
    return fail_errno("cannot open /proc/self/exe, to take turns at the debug port", errno);
  }
  return JudgePort(false, std::move(lock));
}

void JudgePort::say(std::string_view line) const {
  std::string bytes(line);
  bytes += '\n';
  if (to_stdout_) {
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    std::fflush(stdout);
    return;
  }
  // The processor may be given to another process in the middle of the line.
  ::flock(lock_.get(), LOCK_EX);
  ::outsb(kPort, bytes.data(), bytes.size());
  ::flock(lock_.get(), LOCK_UN);
}

}  // namespace ember::dax
