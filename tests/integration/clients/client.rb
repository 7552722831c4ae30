# SPDX-License-Identifier: BSD-3-Clause
# Ruby's dalli over the meta protocol: HOST PORT LARGEST. Exits 1 on the first wrong answer, and 77
# (skipped) where dalli is too old to speak it: Debian's 3.0.6 has the binary protocol only.
require 'dalli'
begin
  require 'dalli/protocol/meta'
rescue LoadError
  puts "dalli #{Dalli::VERSION} speaks the binary protocol only; meta came with 3.2.0"
  exit 77
end

host, port, largest = ARGV[0], ARGV[1].to_i, ARGV[2].to_i
$checks = 0

def same(got, expected, what)
  $checks += 1
  return if got == expected

  abort "#{what}: got #{got.inspect[0, 200]}, expected #{expected.inspect[0, 200]}"
end

m = Dalli::Client.new("#{host}:#{port}", protocol: :meta, compress: false,
                                         value_max_bytes: largest, socket_timeout: 20)
m.flush
same(m.set('a', 'one').nil?, false, 'set')
same(m.get('a'), 'one', 'get')
same(m.get('nothing'), nil, 'miss')
same(m.add('a', 'x'), false, 'add of a present key')
same(m.replace('c', 'x'), false, 'replace of an absent key')
m.set('object', { list: [1, 2] })
same(m.get('object'), { list: [1, 2] }, 'get of an object')
m.set("key with blanks \u00e4", 'x')
same(m.get("key with blanks \u00e4"), 'x', 'a key that travels in base64')

m.set('raw', 'one', 0, raw: true)
same(m.append('raw', '-end'), true, 'append')
same(m.prepend('raw', 'begin-'), true, 'prepend')
same(m.get('raw', raw: true), 'begin-one-end', 'get after append and prepend')

same(m.cas('a') { |value| value + '!' }.nil?, false, 'cas')
same(m.get('a'), 'one!', 'get after cas')
same(m.cas('nothing') { 'x' }, nil, 'cas of an absent key')

same(m.incr('n', 1, 0, 10), 10, 'incr creates')
same(m.incr('n', 5), 15, 'incr')
same(m.decr('n', 20), 0, 'decr below zero')
same(m.incr('no-counter', 1), nil, 'incr of an absent key')

same(m.delete('a'), true, 'delete')
same(m.delete('a'), false, 'delete again')
same(m.touch('raw', 1000), true, 'touch')
same(m.gat('object', 1000), { list: [1, 2] }, 'gat')

m.quiet { 3000.times { |i| m.set("many:#{i}", "value #{i}") } }
got = m.get_multi((0...3100).map { |i| "many:#{i}" })
same(got.size, 3000, 'get_multi')
same(got['many:2999'], 'value 2999', 'get_multi of the last key')

[1, 5000, 100_000, 1_000_000, largest - 1000].each do |size|
  next if size >= largest

  m.set('large', 'v' * size, 0, raw: true)
  same(m.get('large', raw: true) == 'v' * size, true, "get of #{size} bytes")
end

m.set('soon', 'x', 1)
sleep 2.2
same(m.get('soon'), nil, 'get after its time')
same(m.stats.size, 1, 'stats')
puts "#{$checks} checks"
