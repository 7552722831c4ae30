// SPDX-License-Identifier: BSD-3-Clause
// spymemcached with SASL: HOST PORT USER PASSWORD. Exits non-zero if that is not good enough.

import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import net.spy.memcached.ConnectionFactoryBuilder;
import net.spy.memcached.MemcachedClient;
import net.spy.memcached.auth.AuthDescriptor;
import net.spy.memcached.auth.PlainCallbackHandler;

public class SaslClient {
  public static void main(String[] arguments) throws Exception {
    java.util.logging.LogManager.getLogManager().reset();
    System.setProperty("net.spy.log.LoggerImpl", "net.spy.memcached.compat.log.SunLogger");
    AuthDescriptor plain =
        new AuthDescriptor(
            new String[] {"PLAIN"}, new PlainCallbackHandler(arguments[2], arguments[3]));
    MemcachedClient client =
        new MemcachedClient(
            new ConnectionFactoryBuilder()
                .setProtocol(ConnectionFactoryBuilder.Protocol.BINARY)
                .setAuthDescriptor(plain)
                .setOpTimeout(10000)
                .build(),
            List.of(new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1]))));
    boolean served = false;
    try {
      served =
          client.set("java", 0, "value").get(10, TimeUnit.SECONDS)
              && "value".equals(client.get("java"));
    } catch (Exception refused) { // its own threads would keep the program alive
      System.err.println(refused);
    }
    System.exit(served ? 0 : 1);
  }
}
