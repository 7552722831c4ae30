#!/usr/bin/perl
# SPDX-License-Identifier: BSD-3-Clause
# Perl's Cache::Memcached::Fast: HOST PORT LARGEST. Dies on the first wrong answer.
use strict;
use warnings;
use Cache::Memcached::Fast;

my ($host, $port, $largest) = @ARGV;
my $checks = 0;

sub same($$$) {  # the prototype asks for scalars: a miss is undef, not nothing
    my ($got, $expected, $what) = @_;
    $checks++;
    my $equal = defined $got ? defined $expected && $got eq $expected : !defined $expected;
    return if $equal;
    die "$what: got ", substr($got // 'undef', 0, 200), ", expected ",
        substr($expected // 'undef', 0, 200), "\n";
}

for my $nowait (0, 1) {
    my $m = Cache::Memcached::Fast->new({
        servers => ["$host:$port"], nowait => $nowait, compress_threshold => -1,
        max_size => $largest, io_timeout => 20 });
    $m->flush_all; $m->nowait_push;

    same($m->set('a', 'one'), 1, 'set');
    same($m->get('a'), 'one', 'get');
    same($m->get('nothing'), undef, 'miss');
    same($m->add('a', 'x'), '', 'add of a present key');
    same($m->add('b', 'two'), 1, 'add');
    same($m->replace('c', 'x'), '', 'replace of an absent key');
    same($m->append('b', '-end'), 1, 'append');
    same($m->prepend('b', 'begin-'), 1, 'prepend');
    same($m->get('b'), 'begin-two-end', 'get after append and prepend');
    same($m->set('empty', ''), 1, 'set of nothing');
    same($m->get('empty'), '', 'get of nothing');
    my $raw = join('', map { chr } 0 .. 255) . "\r\nEND\r\n";
    same($m->set('raw', $raw), 1, 'set of any bytes');
    same($m->get('raw'), $raw, 'get of any bytes');
    $m->set('object', { list => [1, 2] });
    same($m->get('object')->{list}[1], 2, 'get of a frozen object');

    my $cas = $m->gets('a');
    same($cas->[1], 'one', 'gets');
    same($m->cas('a', $cas->[0], 'two'), 1, 'cas');
    same($m->cas('a', $cas->[0], 'three'), '', 'cas with an old unique');
    same($m->get('a'), 'two', 'get after cas');

    same($m->set('n', 10), 1, 'set of a number');
    same($m->incr('n', 5), 15, 'incr');
    same($m->decr('n', 20), '0E0', 'decr below zero');
    same($m->incr('nothing', 1), '', 'incr of an absent key');

    same($m->delete('a'), 1, 'delete');
    same($m->delete('a'), '', 'delete again');
    same($m->touch('b', 1000), 1, 'touch');

    # Without waiting: thousands of noreply requests, then their effect.
    $m->set("many:$_", "value $_") for 0 .. 4999;
    $m->nowait_push;
    my $got = $m->get_multi(map { "many:$_" } 0 .. 5099);
    same(scalar(keys %$got), 5000, 'get_multi');
    same($got->{"many:$_"}, "value $_", "key $_") for 0 .. 4999;
    my $set = $m->set_multi(map { ["batch:$_", "v$_", 100] } 0 .. 999);
    same(scalar(grep { $_ } values %$set), 1000, 'set_multi');
    my $incr = $m->incr_multi('n', 'nothing');
    same($incr->{n}, 1, 'incr_multi');
    my $touched = $m->gat_multi(1000, map { "batch:$_" } 0 .. 999);
    same($touched->{'batch:999'}, 'v999', 'gat_multi');
    my $deleted = $m->delete_multi(map { "batch:$_" } 0 .. 999);
    same(scalar(grep { $_ } values %$deleted), 1000, 'delete_multi');

    for my $size (1, 5000, 100000, 1000000, $largest - 1000) {
        next if $size >= $largest;
        same($m->set('large', 'v' x $size), 1, "set of $size bytes");
        same($m->get('large') eq 'v' x $size, 1, "get of $size bytes");
    }
    same($m->set('soon', 'x', 1), 1, 'set with a time to live');
    select(undef, undef, undef, 2.2);
    same($m->get('soon'), undef, 'get after its time');
    same(scalar(keys %{ $m->server_versions }), 1, 'version');
    $m->disconnect_all;
}
print "$checks checks\n";
