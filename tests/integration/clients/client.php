<?php
// SPDX-License-Identifier: BSD-3-Clause
// PHP's memcached extension, text protocol: HOST PORT LARGEST. Exits 1 on the first wrong answer.

[, $host, $port, $largest] = $argv;
$largest = (int) $largest;
$checks = 0;

function same($got, $expected, string $what): void
{
    global $checks;
    $checks++;
    if ($got !== $expected) {
        fwrite(STDERR, "$what: got " . substr(var_export($got, true), 0, 200) . ", expected "
            . substr(var_export($expected, true), 0, 200) . "\n");
        exit(1);
    }
}

$m = new Memcached();
$m->setOption(Memcached::OPT_BINARY_PROTOCOL, false);
$m->setOption(Memcached::OPT_COMPRESSION, false);
$m->setOption(Memcached::OPT_TCP_NODELAY, true);
$m->addServer($host, (int) $port);

same($m->set('a', 'one'), true, 'set');
same($m->get('a'), 'one', 'get');
same($m->get('nothing'), false, 'miss');
same($m->getResultCode(), Memcached::RES_NOTFOUND, 'result of a miss');
same($m->add('a', 'x'), false, 'add of a present key');
same($m->getResultCode(), Memcached::RES_NOTSTORED, 'result of add');
same($m->add('b', 'two'), true, 'add');
same($m->replace('c', 'x'), false, 'replace of an absent key');
same($m->replace('b', 'three'), true, 'replace');
same($m->append('b', '-end'), true, 'append');
same($m->prepend('b', 'begin-'), true, 'prepend');
same($m->get('b'), 'begin-three-end', 'get after append and prepend');

foreach ([1, 2.5, true, 'text', ['k' => [1, 2]], null] as $value) {
    same($m->set('typed', $value), true, 'set of a typed value');
    same($m->get('typed'), $value, 'get of a typed value');
}

$got = $m->get('a', null, Memcached::GET_EXTENDED);
same($got['value'], 'one', 'get with its cas');
same($m->cas($got['cas'], 'a', 'two'), true, 'cas');
same($m->cas($got['cas'], 'a', 'three'), false, 'cas with an old unique');
same($m->getResultCode(), Memcached::RES_DATA_EXISTS, 'result of cas');
same($m->get('a'), 'two', 'get after cas');

same($m->set('n', 10), true, 'set of a number');
same($m->increment('n', 5), 15, 'increment');
same($m->decrement('n', 20), 0, 'decrement below zero');
same($m->increment('nothing', 5), false, 'increment of an absent key');

same($m->delete('a'), true, 'delete');
same($m->delete('a'), false, 'delete again');
same($m->touch('b', 1000), true, 'touch');
same($m->touch('a', 1000), false, 'touch of an absent key');

$many = [];
for ($i = 0; $i < 3000; $i++) {
    $many["many:$i"] = "value $i";
}
same($m->setMulti($many), true, 'setMulti');
same($m->getMulti(array_keys($many), Memcached::GET_PRESERVE_ORDER), $many, 'getMulti');
same(count($m->getMulti(array_merge(array_keys($many), ['no1', 'no2']))), 3000, 'getMulti, misses');
$m->getDelayed(array_keys($many), true);
same(count($m->fetchAll()), 3000, 'getDelayed');
$deleted = $m->deleteMulti(array_slice(array_keys($many), 0, 1500));
same(count(array_filter($deleted, fn ($d) => $d === true)), 1500, 'deleteMulti');
same(count($m->getMulti(array_keys($many))), 1500, 'what is left');

foreach ([1, 5000, 100000, 1000000, $largest - 1000] as $size) {
    if ($size < $largest) {
        same($m->set('large', str_repeat('v', $size)), true, "set of $size bytes");
        same($m->get('large') === str_repeat('v', $size), true, "get of $size bytes");
    }
}

same($m->set('soon', 'x', 1), true, 'set with a time to live');
same($m->set('later', 'x', time() + 1000), true, 'set with an absolute time');
usleep(2200000);
same($m->get('soon'), false, 'get after its time');
same($m->get('later'), 'x', 'get before its time');

$stats = $m->getStats();
same(isset($stats["$host:$port"]['cmd_get']), true, 'stats');
same($m->flush(), true, 'flush');
same($m->get('later'), false, 'get after flush');
print("$checks checks\n");
