// SPDX-License-Identifier: BSD-3-Clause
// What a command line makes of Options, and what refuses it. The words and exit codes are those
// memcached 1.6.18 answered the same arguments with, unless a test's name says otherwise.
#include <gtest/gtest.h>

#include "server/options/command_line.h"
#include "server/options/help.h"

namespace ember::server {
namespace {

using Arguments = std::vector<std::string>;

Options accepted(const Arguments& arguments) {
  auto options = parse_options(arguments);
  EXPECT_TRUE(options.has_value()) << options.error().message;
  return options.value_or(Options{});
}

struct Refused {
  Arguments arguments;
  std::string message;
  int exit_code;
};

void expect_refused(const Refused& refused) {
  std::string line;
  for (const std::string& argument : refused.arguments) {
    line += argument + ' ';
  }
  const auto options = parse_options(refused.arguments);
  ASSERT_FALSE(options.has_value()) << line;
  EXPECT_EQ(options.error().message, refused.message) << line;
  EXPECT_EQ(options.error().exit_code, refused.exit_code) << line;
}

TEST(Options, DefaultsAreMemcacheds) {
  const Options options = accepted({});
  EXPECT_EQ(options.action, Action::serve);
  EXPECT_EQ(options.tcp_port, 11211);
  EXPECT_EQ(options.udp_port, 0);
  EXPECT_TRUE(options.listen.empty());
  EXPECT_EQ(options.unix_mask, 0700U);
  EXPECT_EQ(options.memory_limit, 64 * kMiB);
  EXPECT_EQ(options.item_size_max, kMiB);
  EXPECT_EQ(options.max_connections, 1024U);
  EXPECT_EQ(options.threads, 4U);
  EXPECT_EQ(options.requests_per_event, 20U);
  EXPECT_EQ(options.listen_backlog, 1024);
  EXPECT_TRUE(options.evict && options.use_cas && options.maxconns_fast);
  EXPECT_TRUE(options.flush_enabled && options.dump_enabled && options.watch_enabled);
  EXPECT_FALSE(options.shutdown_command || options.daemonize || options.detail_enabled);
  EXPECT_TRUE(options.notes.empty() && options.warnings.empty());
}

TEST(Options, ValuesAttachedOrNot) {
  for (const Arguments& arguments : {Arguments{"-m64"},
                                     {"-m", "64"},
                                     {"-m 64"},
                                     {"--memory-limit=64"},
                                     {"--memory-limit", "64"},
                                     {"--memory_limit=64"},
                                     {"--memory_limit", "64"},
                                     {"--memory-l=64"},
                                     {"-m", " 64 "},
                                     {"-m", "64m"},
                                     {"-m", "1024", "-m", "64"}}) {
    EXPECT_EQ(accepted(arguments).memory_limit, 64 * kMiB) << arguments.front();
  }
  EXPECT_EQ(accepted({"-m", "100"}).memory_limit, 100 * kMiB);
  EXPECT_EQ(accepted({"-m 64", "-p 5000", "-I 2m"}).tcp_port, 5000);
  EXPECT_EQ(accepted({"-m 64", "-p 5000", "-I 2m"}).item_size_max, 2 * kMiB);
}

TEST(Options, ShortOptionsInOneWord) {
  EXPECT_EQ(accepted({"-vvv"}).verbosity, 3U);
  EXPECT_EQ(accepted({"-v", "-v", "--verbose"}).verbosity, 3U);
  EXPECT_EQ(accepted({"--verbose=2"}).verbosity, 2U);
  const Options options = accepted({"-vMp5000", "-vu", "nobody"});
  EXPECT_EQ(options.verbosity, 2U);
  EXPECT_FALSE(options.evict);
  EXPECT_EQ(options.tcp_port, 5000);
  EXPECT_EQ(options.user, "nobody");
}

TEST(Options, EveryShortOptionArrives) {
  const Options options = accepted(
      {"-p",    "-1", "-s",    "/run/e.sock", "-a", "0770", "-A",         "-d", "-r",        "-u",
       "cache", "-M", "-c",    "2000",        "-k", "-P",   "/run/e.pid", "-f", "1.5",       "-n",
       "100",   "-L", "-D",    "#",           "-t", "2",    "-R",         "50", "-C",        "-b",
       "10",    "-B", "ascii", "-F",          "-X", "-W",   "-U",         "0",  "--io=epoll"});
  EXPECT_EQ(options.tcp_port, -1);
  EXPECT_EQ(options.unix_socket, "/run/e.sock");
  EXPECT_EQ(options.unix_mask, 0770U);
  EXPECT_TRUE(options.shutdown_command && options.daemonize && options.maximize_core);
  EXPECT_EQ(options.user, "cache");
  EXPECT_FALSE(options.evict || options.use_cas || options.flush_enabled);
  EXPECT_FALSE(options.dump_enabled || options.watch_enabled);
  EXPECT_EQ(options.max_connections, 2000U);
  EXPECT_TRUE(options.lock_memory && options.large_pages);
  EXPECT_EQ(options.pid_file, "/run/e.pid");
  EXPECT_DOUBLE_EQ(options.growth_factor, 1.5);
  EXPECT_EQ(options.min_item_space, 100U);
  EXPECT_EQ(options.prefix_delimiter, '#');
  EXPECT_TRUE(options.detail_enabled);
  EXPECT_EQ(options.threads, 2U);
  EXPECT_EQ(options.requests_per_event, 50U);
  EXPECT_EQ(options.listen_backlog, 10);
  EXPECT_EQ(options.protocol, Protocol::ascii);
  EXPECT_EQ(options.io, IoKind::epoll);
}

TEST(Options, NothingIsLeftOverForTheNextOptions) {
  accepted({"-m", "100", "-M", "-vv", "-l", "127.0.0.1", "-B", "ascii"});
  EXPECT_FALSE(parse_options({"-m", "200", "-c", "0"}).has_value());
  const Options options = accepted({});
  EXPECT_EQ(options.memory_limit, 64 * kMiB);
  EXPECT_TRUE(options.evict);
  EXPECT_EQ(options.verbosity, 0U);
  EXPECT_TRUE(options.listen.empty());
  EXPECT_EQ(options.protocol, Protocol::automatic);
}

TEST(Options, ProtocolsByName) {
  EXPECT_EQ(accepted({"-B", "auto"}).protocol, Protocol::automatic);
  EXPECT_EQ(accepted({"-B", "ascii"}).protocol, Protocol::ascii);
  EXPECT_EQ(accepted({"--protocol=binary"}).protocol, Protocol::binary);
}

TEST(Options, SwitchesTakeTrueAndFalse) {
  EXPECT_FALSE(accepted({"--disable-cas=true"}).use_cas);
  EXPECT_TRUE(accepted({"-C", "--disable-cas=false"}).use_cas);
  expect_refused({{"--disable-cas=perhaps"},
                  "-C, --disable-cas takes true or false, or no value, not \"perhaps\"",
                  1});
}

TEST(Options, ListenAddresses) {
  const Options options = accepted({"-l", "127.0.0.1:1,localhost; ::1", "-l[::1]:2", "-l", "*:3,"});
  const auto at = [](std::string host, std::optional<uint16_t> port) {
    return ListenAddress{.host = std::move(host), .port = port, .protocol = {}, .tag = {}};
  };
  const std::vector<ListenAddress> expected = {at("127.0.0.1", 1), at("localhost", {}),
                                               at("::1", {}), at("::1", 2), at("", 3)};
  EXPECT_EQ(options.listen, expected);
  EXPECT_EQ(options.listen_text, "127.0.0.1:1,localhost; ::1,[::1]:2,*:3,");
  EXPECT_TRUE(accepted({"-l", ","}).listen.empty());
  expect_refused({{"-l", "127.0.0.1:abc"}, "Invalid port number: \"abc\"", 71});
  expect_refused({{"-l", "127.0.0.1:65536"}, "Invalid port number: \"65536\"", 71});
  expect_refused({{"-l", "127.0.0.1:"}, "Invalid port number: \"\"", 71});
  expect_refused({{"-l", "[::1"}, "Invalid IPV6 address: \"[::1\"", 71});
  expect_refused({{"-l", "[::1]x"}, "Invalid IPV6 address: \"[::1]x\"", 71});
  expect_refused(
      {{"-l", "notls:127.0.0.1"}, "'notls' option is valid only when SSL is enabled", 71});
  expect_refused({{"-l", ":5000"},
                  "\":5000\" has a port but no address; for every address write \"*:5000\"",
                  71});
}

TEST(Options, RefusedAsByMemcached) {
  const std::string half = "Cannot set item size limit higher than 1/2 of memory max.";
  const std::string small = "Item max size cannot be less than 1024 bytes.";
  for (const Refused& refused : std::vector<Refused>{
           {{"-p", "65536"}, "ERROR: Invalid port number 65536.", 64},
           {{"-c", "0"}, "Maximum connections must be greater than 0", 1},
           {{"-c", "-1"}, "Maximum connections must be greater than 0", 1},
           {{"-t", "0"}, "Number of threads must be greater than 0", 1},
           {{"-R", "0"}, "Number of requests per event must be greater than 0", 1},
           {{"-n", "0"}, "Chunk size must be greater than 0", 1},
           {{"-N", "0"}, "Maximum number of NAPI IDs must be greater than 0", 1},
           {{"-f", "1.0"}, "Factor must be greater than 1", 1},
           {{"-f", "-1"}, "Factor must be greater than 1", 1},
           {{"-D", ""}, "No delimiter specified", 1},
           {{"-B", "http"},
            "Invalid value for binding protocol: http\n -- should be one of auto, binary, or ascii",
            64},
           {{"-I", "1000"}, small, 64},
           {{"-I", "0"}, small, 64},
           {{"-I", "256m", "-m", "64"}, half, 64},
           {{"-I", "33m"}, half, 64},
           {{"-m", "0"}, half, 64},
           {{"-m", "1"}, half, 64},
           {{"-I", "1025m", "-m", "4096"},
            "Cannot set item size limit higher than a gigabyte.",
            64},
           {{"-S", "-B", "ascii"},
            "ERROR: You cannot allow the ASCII protocol while using SASL.",
            64},
           {{"-B", "ascii", "-S"},
            "ERROR: You cannot allow the ASCII protocol while using SASL.",
            64},
       }) {
    expect_refused(refused);
  }
}

// memcached wraps these around, or takes them for 0 or without end.
TEST(Options, RefusedBesidesMemcached) {
  for (const Refused& refused : std::vector<Refused>{
           {{"-p", "-2"}, "ERROR: Invalid port number -2.", 64},
           {{"-p", "abc"}, "-p, --port takes a whole number, not \"abc\"", 64},
           {{"-p", ""}, "-p, --port takes a whole number, not \"\"", 64},
           {{"-m", "abc"}, "-m, --memory-limit takes a whole number, not \"abc\"", 64},
           {{"-m", "1g"}, "-m, --memory-limit takes a whole number, not \"1g\"", 64},
           {{"-m", "-1"}, "-m takes a number of megabytes up to 268435456, not -1", 64},
           {{"-m", "99999999999999999999"},
            "-m, --memory-limit takes a whole number, not \"99999999999999999999\"",
            64},
           {{"-c", "10x"}, "-c, --conn-limit takes a whole number, not \"10x\"", 1},
           {{"-t", "2000"}, "Number of threads must be at most 1024", 1},
           {{"-R", "-1"}, "Number of requests per event must be greater than 0", 1},
           {{"-n", "-5"}, "Chunk size must be greater than 0", 1},
           {{"-f", "x"}, "-f, --slab-growth-factor takes a number, not \"x\"", 1},
           {{"-f", "nan"}, "Factor must be greater than 1", 1},
           {{"-b", "-2"}, "-b takes a number from -1 up, not -2", 1},
           {{"-a", "9"}, "-a takes permissions in octal, such as 700, not \"9\"", 64},
           {{"-I", "2mb"}, "-I takes a number, with k or m behind it or not, not \"2mb\"", 64},
           {{"-I", "99999999999999g"},
            "-I takes a number, with k or m behind it or not, not \"99999999999999g\"",
            64},
           {{"--io", "kqueue"}, "--io takes auto, uring or epoll, not \"kqueue\"", 64},
           {{"--verbose=9"}, "--verbose takes 0 to 3, not \"9\"", 1},
       }) {
    expect_refused(refused);
  }
}

TEST(Options, TheMemoryFile) {
  EXPECT_EQ(accepted({"-e", "/a/../b"}).memory_file, "/b");
  EXPECT_TRUE(accepted({"-e", "f"}).memory_file.starts_with('/')) << "-d changes the directory";
  const Options automatic = accepted({"--memory-file=/f", "-m", "auto", "--memory-file-sync"});
  EXPECT_TRUE(automatic.memory_auto);
  EXPECT_TRUE(automatic.memory_file_sync);
  EXPECT_FALSE(automatic.memory_file_strict);
  EXPECT_FALSE(accepted({"-e", "/f", "-m", "auto", "-m", "8"}).memory_auto);
  expect_refused({{"-m", "auto"},
                  "-m auto needs --memory-file, whose size it takes; give -m in megabytes",
                  64});
  expect_refused({{"--memory-file-strict"},
                  "--memory-file-sync and --memory-file-strict need --memory-file",
                  64});
  expect_refused({{"-e", ""},
                  "-e takes the path of a file: its directory must be there, the file need not",
                  64});
}

TEST(Options, AuthFile) {
  EXPECT_TRUE(accepted({}).auth_file.empty());
  const Options options = accepted({"-Y", "/etc/../etc/users"});
  EXPECT_EQ("/etc/users", options.auth_file);
  // Passwords are asked for in the text protocol only.
  EXPECT_EQ(Protocol::ascii, options.protocol);
  EXPECT_TRUE(accepted({"--auth-file=users"}).auth_file.starts_with('/'));
  expect_refused({{"-Y", ""}, "-Y takes the path of a file of user:password lines", 64});
  const std::string both =
      "ERROR: You cannot allow the BINARY protocol while using ascii authentication tokens.";
  EXPECT_EQ(Protocol::ascii, accepted({"-Y", "/f", "-B", "ascii"}).protocol);
  expect_refused({{"-Y", "/f", "-B", "auto"}, both, 64});
  expect_refused({{"-Y", "/f", "-U", "11211"},
                  "Cannot use UDP with ascii authentication enabled (-U 0 to disable)",
                  64});
  expect_refused({{"-B", "binary", "-Y", "/f"}, both, 64});
  expect_refused({{"-Y", "/f", "-l", "proto[negotiating]:127.0.0.1:5000"}, both, 64});
}

TEST(Options, Sasl) {
  EXPECT_FALSE(accepted({}).sasl);
  const Options options = accepted({"-S"});
  EXPECT_TRUE(options.sasl);
  EXPECT_EQ(Protocol::binary, options.protocol);
  EXPECT_TRUE(accepted({"-S", "-B", "binary"}).sasl);
  const std::string both = "ERROR: You cannot allow the ASCII protocol while using SASL.";
  expect_refused({{"-S", "-B", "auto"}, both, 64});
  expect_refused({{"-S", "-U", "11211"},
                  "ERROR: Cannot enable UDP while using binary SASL authentication.",
                  64});
  expect_refused({{"-B", "ascii", "-S"}, both, 64});
  expect_refused({{"-S", "-l", "127.0.0.1:5000,proto[ascii]:127.0.0.1:5001"}, both, 64});
  // memcached, too, asks for passwords in text only then.
  const Options text = accepted({"-S", "-Y", "/f"});
  EXPECT_FALSE(text.sasl);
  EXPECT_EQ(Protocol::ascii, text.protocol);
  EXPECT_EQ(1U, text.warnings.size());
}

TEST(Options, LargestValues) {
  EXPECT_EQ(accepted({"-I", "1024m", "-m", "2048"}).item_size_max, kGiB);
  EXPECT_EQ(accepted({"-I", "1g", "-m", "2048"}).item_size_max, kGiB);
  EXPECT_EQ(accepted({"-I", "1k"}).item_size_max, kKiB);
  EXPECT_EQ(accepted({"-I", "1024"}).item_size_max, kKiB);
  EXPECT_EQ(accepted({"-I", "32M"}).item_size_max, 32 * kMiB);
  EXPECT_EQ(accepted({"-m", "1048576"}).memory_limit, 1024 * kGiB);
}

TEST(Options, ListeningNowhereIsWarnedOf) {
  EXPECT_EQ(accepted({"-p", "0"}).warnings.size(), 1U);
  EXPECT_EQ(accepted({"-p", "0", "-l", "127.0.0.1"}).warnings.size(), 1U);
  // As memcached: -p 0 is no TCP, a port in -l or not.
  EXPECT_EQ(accepted({"-p", "0", "-l", "127.0.0.1:5000"}).warnings.size(), 1U);
  EXPECT_TRUE(accepted({"-p", "0", "-U", "5000"}).warnings.empty());
  EXPECT_TRUE(accepted({"-p", "0", "-s", "/run/e.sock"}).warnings.empty());
}

TEST(Options, UdpAloneGivesTcpItsPort) {
  EXPECT_EQ(accepted({"-U", "5000"}).udp_port, 5000);
  EXPECT_EQ(accepted({"-U", "5000"}).tcp_port, 5000);
  EXPECT_EQ(accepted({"-U", "-1"}).tcp_port, -1);
  EXPECT_EQ(accepted({"-U", "0"}).tcp_port, 11211);
  EXPECT_EQ(accepted({"-U", "5000", "-p", "11211"}).tcp_port, 11211);
  EXPECT_EQ(accepted({"-p", "0", "-U", "5000"}).tcp_port, 0);
  expect_refused({{"-U", "70000"}, "ERROR: Invalid port number 70000.", 64});
}

TEST(Options, PlainUdpBesideTlsIsWarnedOf) {
  const std::vector<std::string> tls = {"-Z", "-o", "ssl_chain_cert=/c.pem"};
  std::vector<std::string> both = tls;
  both.insert(both.end(), {"-U", "5000"});
  EXPECT_EQ(accepted(both).warnings.size(), accepted(tls).warnings.size() + 1);
}

TEST(Options, AnAddressGivenTwiceIsOne) {
  EXPECT_EQ(accepted({"-l", "127.0.0.1", "-l", "127.0.0.1,127.0.0.1:1"}).listen.size(), 2U);
}

TEST(Options, ManyThreadsAreWarnedOf) {
  EXPECT_TRUE(accepted({"-t", "64"}).warnings.empty());
  EXPECT_EQ(accepted({"-t", "65"}).warnings.size(), 1U);
}

TEST(Options, ActionsEndTheReading) {
  EXPECT_EQ(accepted({"-h"}).action, Action::print_help);
  EXPECT_EQ(accepted({"--help"}).action, Action::print_help);
  EXPECT_EQ(accepted({"-vV"}).action, Action::print_version);
  EXPECT_EQ(accepted({"-p", "1", "-i", "--nonsense"}).action, Action::print_license);
  EXPECT_FALSE(parse_options({"-c", "0", "-h"}).has_value());
}

TEST(Options, WordsAreIgnoredAsByMemcached) {
  const Options options = accepted({"word", "-p", "1", "-", "--", "-p", "2"});
  EXPECT_EQ(options.tcp_port, 1);
  EXPECT_EQ(options.notes.size(), 4U);
  EXPECT_EQ(options.notes.front(), "\"word\" is no option and was ignored");
}

TEST(Options, GflagsOwnFlagsAreOutOfReach) {
  for (const char* argument :
       {"--flagfile=/etc/passwd", "--fromenv=port", "--helpxml", "--undefok=x"}) {
    EXPECT_FALSE(parse_options({argument}).has_value()) << argument;
  }
}

TEST(Options, RootNeedsAUser) {
  EXPECT_EQ(refuse_root(accepted({}), 0).value_or(OptionError{}).message,
            "can't run as root without the -u switch");
  EXPECT_EQ(refuse_root(accepted({"-u", ""}), 0).value_or(OptionError{}).exit_code, 64);
  EXPECT_FALSE(refuse_root(accepted({"-u", "nobody"}), 0).has_value());
  EXPECT_FALSE(refuse_root(accepted({}), 1000).has_value());
}

}  // namespace
}  // namespace ember::server
