// SPDX-License-Identifier: BSD-3-Clause
// spymemcached against a server: HOST PORT LARGEST text|binary. Exits non-zero on the first wrong
// answer. Started from its source: java -cp spymemcached.jar Client.java ...

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import net.spy.memcached.CASResponse;
import net.spy.memcached.CASValue;
import net.spy.memcached.ConnectionFactoryBuilder;
import net.spy.memcached.MemcachedClient;

public class Client {
  private static final int NEVER = 0;
  private static int checks = 0;

  private static void same(Object got, Object expected, String what) {
    ++checks;
    if (!Objects.equals(got, expected)) {
      System.err.println(what + ": got " + shown(got) + ", expected " + shown(expected));
      System.exit(1);
    }
  }

  private static String shown(Object value) {
    String text = String.valueOf(value);
    return text.substring(0, Math.min(200, text.length()));
  }

  private static MemcachedClient connect(String[] arguments) throws Exception {
    ConnectionFactoryBuilder.Protocol protocol =
        arguments[3].equals("binary")
            ? ConnectionFactoryBuilder.Protocol.BINARY
            : ConnectionFactoryBuilder.Protocol.TEXT;
    return new MemcachedClient(
        new ConnectionFactoryBuilder().setOpTimeout(20000).setProtocol(protocol).build(),
        List.of(new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1]))));
  }

  private static void store(MemcachedClient client) throws Exception {
    same(client.set("a", NEVER, "one").get(), true, "set");
    same(client.get("a"), "one", "get");
    same(client.get("nothing"), null, "miss");
    same(client.add("a", NEVER, "two").get(), false, "add of a present key");
    same(client.add("b", NEVER, "two").get(), true, "add");
    same(client.replace("c", NEVER, "x").get(), false, "replace of an absent key");
    same(client.replace("b", NEVER, "three").get(), true, "replace");
    same(client.append("b", "-end").get(), true, "append");
    same(client.prepend("b", "begin-").get(), true, "prepend");
    same(client.get("b"), "begin-three-end", "get after append and prepend");
    same(client.append("c", "x").get(), false, "append to an absent key");
    same(client.set("empty", NEVER, "").get(), true, "set of nothing");
    same(client.get("empty"), "", "get of nothing");
    same(client.set("k".repeat(250), NEVER, "long").get(), true, "set of the longest key");
    same(client.get("k".repeat(250)), "long", "get of the longest key");
    same(client.delete("a").get(), true, "delete");
    same(client.delete("a").get(), false, "delete again");
    same(client.get("a"), null, "get after delete");
  }

  private static void compareAndSwap(MemcachedClient client) throws Exception {
    same(client.set("cas", NEVER, "one").get(), true, "set");
    CASValue<Object> value = client.gets("cas");
    same(value.getValue(), "one", "gets");
    same(client.cas("cas", value.getCas() + 1000, "x"), CASResponse.EXISTS, "cas, wrong unique");
    same(client.cas("cas", value.getCas(), "two"), CASResponse.OK, "cas");
    same(client.cas("cas", value.getCas(), "x"), CASResponse.EXISTS, "cas, old unique");
    same(client.cas("nothing", 1, "x"), CASResponse.NOT_FOUND, "cas of an absent key");
    same(client.get("cas"), "two", "get after cas");
  }

  private static void count(MemcachedClient client) throws Exception {
    same(client.set("n", NEVER, "10").get(), true, "set of a number");
    same(client.incr("n", 5), 15L, "incr");
    same(client.decr("n", 6), 9L, "decr");
    same(client.decr("n", 100), 0L, "decr below zero");
    same(client.incr("nothing", 1), -1L, "incr of an absent key");
    same(client.incr("fresh", 1, 7), 7L, "incr with a first value");
    same(client.incr("fresh", 1, 7), 8L, "incr of what is there");
  }

  private static void expire(MemcachedClient client, boolean binary) throws Exception {
    same(client.set("short", 1, "x").get(), true, "set for a second");
    same(client.set("touched", NEVER, "x").get(), true, "set");
    same(client.touch("touched", 1).get(), true, "touch");
    same(client.set("kept", 1000, "x").get(), true, "set for long");
    same(client.touch("kept", 2000).get(), true, "touch");
    same(client.touch("nothing", 1000).get(), false, "touch of an absent key");
    if (binary) { // spymemcached has it there only
      same(client.set("got", NEVER, "x").get(), true, "set");
      same(client.getAndTouch("got", 1).getValue(), "x", "gat");
      same(client.getAndTouch("nothing", 1), null, "gat of an absent key");
    }
    TimeUnit.MILLISECONDS.sleep(2100);
    same(client.get("short"), null, "get after its second");
    same(client.get("touched"), null, "get after the second it was touched for");
    same(client.get("got"), null, "get after the second it was got for");
    same(client.get("kept"), "x", "get of what was touched for long");
  }

  private static void many(MemcachedClient client) throws Exception {
    List<String> keys = new ArrayList<>();
    for (int i = 0; i < 500; ++i) {
      keys.add("many" + i);
      client.set("many" + i, NEVER, "value" + i); // they go out together
    }
    keys.add("nothing");
    Map<String, Object> found = client.getBulk(keys);
    same(found.size(), 500, "getBulk");
    for (int i = 0; i < 500; ++i) {
      same(found.get("many" + i), "value" + i, "getBulk");
    }
  }

  private static void large(MemcachedClient client, int largest) throws Exception {
    byte[] bytes = new byte[largest - 1000];
    new java.util.Random(5).nextBytes(bytes); // what cannot be compressed
    same(client.set("large", NEVER, bytes).get(), true, "set of much");
    same(Arrays.equals((byte[]) client.get("large"), bytes), true, "get of much");
  }

  private static void check(String[] arguments) throws Exception {
    MemcachedClient client = connect(arguments);
    store(client);
    compareAndSwap(client);
    count(client);
    expire(client, arguments[3].equals("binary"));
    many(client);
    large(client, Integer.parseInt(arguments[2]));
    same(client.getVersions().size(), 1, "version");
    same(client.getStats().values().iterator().next().containsKey("curr_items"), true, "stats");
    same(client.flush().get(), true, "flush");
    same(client.get("b"), null, "get after flush");
    client.shutdown(5, TimeUnit.SECONDS);
    System.out.println(checks + " checks");
  }

  public static void main(String[] arguments) {
    java.util.logging.LogManager.getLogManager().reset();
    System.setProperty("net.spy.log.LoggerImpl", "net.spy.memcached.compat.log.SunLogger");
    try {
      check(arguments);
    } catch (Exception wrong) { // its own threads would keep the program alive
      System.err.println("after " + checks + " checks: " + wrong);
      System.exit(1);
    }
    System.exit(0);
  }
}
