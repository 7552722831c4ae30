// SPDX-License-Identifier: BSD-3-Clause
// Node's memcached (npm, text protocol): HOST PORT LARGEST. Exits 1 on the first wrong answer.
'use strict';

const Memcached = require('memcached');
const { promisify } = require('util');

const [host, port, largestText] = process.argv.slice(2);
const largest = Number(largestText);
const m = new Memcached(`${host}:${port}`, {
  timeout: 20000, maxValue: largest, retries: 0, poolSize: 10, maxKeySize: 250,
});
let checks = 0;

function same(got, expected, what) {
  checks++;
  if (JSON.stringify(got) !== JSON.stringify(expected)) {
    console.error(`${what}: got ${String(JSON.stringify(got)).slice(0, 200)}, ` +
                  `expected ${String(JSON.stringify(expected)).slice(0, 200)}`);
    process.exit(1);
  }
}

const call = (name, ...args) => promisify(m[name]).apply(m, args);
const refused = (name, ...args) => call(name, ...args).then((r) => r, () => false);

async function basics() {
  same(await call('set', 'a', 'one', 0), true, 'set');
  same(await call('get', 'a'), 'one', 'get');
  same(await call('get', 'nothing'), undefined, 'miss');
  same(await refused('add', 'a', 'x', 0), false, 'add of a present key');
  same(await call('add', 'b' + process.pid, 'two', 0), true, 'add');
  same(await refused('replace', 'nothing', 'x', 0), false, 'replace of an absent key');
  same(await call('set', 'c', 'two', 0), true, 'set');
  same(await call('append', 'c', '-end'), true, 'append');
  same(await call('prepend', 'c', 'begin-'), true, 'prepend');
  same(await call('get', 'c'), 'begin-two-end', 'get after append and prepend');
  same(await call('set', 'object', { list: [1, 2.5, 'three'] }, 0), true, 'set of an object');
  same(await call('get', 'object'), { list: [1, 2.5, 'three'] }, 'get of an object');
  const raw = Buffer.from([...Array(256).keys()].concat([13, 10, 69, 78, 68, 13, 10]));
  same(await call('set', 'raw', raw, 0), true, 'set of any bytes');
  same(raw.equals(await call('get', 'raw')), true, 'get of any bytes');

  const got = await call('gets', 'a');
  same(got.a, 'one', 'gets');
  same(await call('cas', 'a', 'two', got.cas, 0), true, 'cas');
  same(await refused('cas', 'a', 'three', got.cas, 0), false, 'cas with an old unique');
  same(await call('get', 'a'), 'two', 'get after cas');

  same(await call('set', 'n', 10, 0), true, 'set of a number');
  same(await call('incr', 'n', 5), 15, 'incr');
  same(await call('decr', 'n', 20), 0, 'decr below zero');
  same(await refused('incr', 'nothing', 1), false, 'incr of an absent key');
  same(await call('touch', 'a', 1000), true, 'touch');
  same(await call('del', 'a'), true, 'delete');
  same(await refused('del', 'a'), false, 'delete again');
}

async function many() {
  const keys = [...Array(3000).keys()].map((i) => `many:${i}`);
  for (let at = 0; at < keys.length; at += 100) {
    const batch = keys.slice(at, at + 100);
    const stored = await Promise.all(batch.map((key) => call('set', key, `value of ${key}`, 0)));
    same(stored.every((s) => s === true), true, `sets from ${at}`);
  }
  const got = await call('getMulti', keys.concat(['nothing']));
  same(Object.keys(got).length, 3000, 'getMulti');
  keys.forEach((key) => same(got[key], `value of ${key}`, key));
}

async function main() {
  await basics();
  await many();
  for (const size of [1, 5000, 100000, 1000000, largest - 1000]) {
    if (size < largest) {
      same(await call('set', 'large', 'v'.repeat(size), 0), true, `set of ${size} bytes`);
      same((await call('get', 'large')) === 'v'.repeat(size), true, `get of ${size} bytes`);
    }
  }
  same(await call('set', 'soon', 'x', 1), true, 'set with a time to live');
  await new Promise((resolve) => setTimeout(resolve, 2200));
  same(await call('get', 'soon'), undefined, 'get after its time');
  same((await call('stats'))[0].cmd_get > 0, true, 'stats');
  same(await call('flush'), [true], 'flush');
  m.end();
  console.log(`${checks} checks`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
