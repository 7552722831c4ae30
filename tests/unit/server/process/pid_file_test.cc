// SPDX-License-Identifier: BSD-3-Clause
#include "server/process/pid_file.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <optional>

#include "tests/unit/server/process/process_fixture.h"

namespace ember::server {
namespace {

constexpr uid_t kNobody = 65534;

class PidFileTest : public ProcessFixture {
 protected:
  /// Why the file cannot be this process's, empty if it can.
  std::string refusal(const std::string& name) const {
    PidFile file;
    const auto opened = file.open(path(name));
    return opened ? "" : opened.error().message;
  }

  /// A server that runs, called so.
  pid_t server(const char* name) {
    return persistent_process([name] { ::prctl(PR_SET_NAME, name); });
  }
};

TEST_F(PidFileTest, HasTheProcessIdAndGoesWithIt) {
  {
    PidFile file;
    ASSERT_TRUE(file.open(path("pid")));
    EXPECT_EQ(content("pid"), "");
    ASSERT_TRUE(file.write());
    EXPECT_EQ(content("pid"), fmt::format("{}\n", ::getpid()));
  }
  EXPECT_FALSE(there("pid"));
}

TEST_F(PidFileTest, WithoutOneThereIsNothingToDo) {
  PidFile file;
  EXPECT_TRUE(file.write());
}

TEST_F(PidFileTest, AStaleOneIsTakenOver) {
  const pid_t ended = begin_process();
  if (ended == 0) {
    ::_exit(0);
  }
  wait_for(ended);
  // Nobody's: a process that ended, this one (from before, in a container), none at all.
  const std::vector<std::string> texts = {fmt::format("{}\n", ended),
                                          fmt::format("{}\n", ::getpid()),
                                          "",
                                          "\n",
                                          "0\n",
                                          "-1\n",
                                          "no number\n",
                                          "99999999999999999999\n",
                                          "4294967297\n"};
  for (const std::string& text : texts) {
    put("pid", text);
    PidFile file;
    ASSERT_TRUE(file.open(path("pid"))) << text;
    EXPECT_EQ(content("pid"), text) << "is written too early";
    ASSERT_TRUE(file.write());
    EXPECT_EQ(content("pid"), fmt::format("{}\n", ::getpid())) << "after " << text;
  }
}

TEST_F(PidFileTest, ANumberThatAnotherProgramHasByNowIsTakenOver) {
  const pid_t other = server("cron");
  put("pid", fmt::format("{}\n", other));
  EXPECT_EQ(refusal("pid"), "");
}

TEST_F(PidFileTest, ThatOfALiveServerIsLeftAlone) {
  for (const char* const name : {"ember", "memcached"}) {
    const std::string text = fmt::format("{}\n", server(name));
    put("pid", text);
    const std::string why = refusal("pid");
    EXPECT_TRUE(why.starts_with("The pid file contained the following (running) pid: ")) << why;
    EXPECT_NE(why.find(text.substr(0, text.size() - 1)), std::string::npos) << why;
    EXPECT_EQ(content("pid"), text);
  }
}

TEST_F(PidFileTest, OfTwoThatStartOneGetsIt) {
  std::optional<PidFile> first(std::in_place);
  ASSERT_TRUE(first->open(path("pid")));
  EXPECT_NE(refusal("pid"), "");
  ASSERT_TRUE(first->write());
  EXPECT_NE(refusal("pid"), "");
  EXPECT_EQ(content("pid"), fmt::format("{}\n", ::getpid()));
  first.reset();
  EXPECT_EQ(refusal("pid"), "");
}

TEST_F(PidFileTest, RemovesOnlyItsOwn) {
  {
    PidFile file;
    ASSERT_TRUE(file.open(path("pid")));
    ASSERT_TRUE(file.write());
    std::filesystem::rename(path("pid"), path("moved"));
    put("pid", "12345\n");
  }
  EXPECT_EQ(content("pid"), "12345\n");
  EXPECT_TRUE(there("moved"));
  EXPECT_EQ(content("moved"), "") << "names a process that is gone";
}

TEST_F(PidFileTest, IsEmptiedWhereItCannotBeRemoved) {
  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  EXPECT_EQ(in_process([&] {
              PidFile file;
              if (!file.open(path("pid")) || !file.write() || ::chmod(folder_.c_str(), 0555) != 0) {
                return 1;
              }
              return ::geteuid() == 0 && ::setuid(kNobody) != 0 ? 2 : 0;
            }),
            0);
  EXPECT_TRUE(there("pid"));
  EXPECT_EQ(content("pid"), "");
}

TEST_F(PidFileTest, AFolderThatIsNotThereOrNotWritable) {
  const std::string words = "Could not open the pid file";
  EXPECT_TRUE(refusal("nowhere/pid").starts_with(words)) << refusal("nowhere/pid");
  std::filesystem::permissions(folder_, std::filesystem::perms(0555));
  EXPECT_EQ(in_process([&] {
              if (::geteuid() == 0 && ::setuid(kNobody) != 0) {
                return 2;
              }
              return refusal("pid").starts_with(words) ? 0 : 1;
            }),
            0);
  EXPECT_FALSE(there("pid"));
}

TEST_F(PidFileTest, NoLinkIsFollowedAndOnlyAFileWillDo) {
  put("precious", "text");
  std::filesystem::create_symlink(path("precious"), path("link"));
  EXPECT_NE(refusal("link"), "");
  std::filesystem::create_hard_link(path("precious"), path("second name"));
  EXPECT_NE(refusal("second name"), "");
  EXPECT_EQ(content("precious"), "text");
  EXPECT_NE(refusal("."), "");
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_NE(refusal("fifo"), "") << "and nobody waits for a writer";
  for (const char* const name : {"link", "second name", "fifo"}) {
    EXPECT_TRUE(there(name)) << name;
  }
}

}  // namespace
}  // namespace ember::server
