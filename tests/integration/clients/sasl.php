<?php
// SPDX-License-Identifier: BSD-3-Clause
// PHP's memcached (libmemcached) with a name and a password: HOST PORT NAME PASSWORD.
[, $host, $port, $name, $password] = $argv;
$client = new Memcached();
$client->setOption(Memcached::OPT_BINARY_PROTOCOL, true);
$client->setSaslAuthData($name, $password);
$client->addServer($host, (int)$port);
$value = str_repeat("value", 1000);
if (!$client->set("php", $value) || $client->get("php") !== $value || !$client->delete("php")) {
    fwrite(STDERR, $client->getResultMessage() . "\n");
    exit(1);
}
