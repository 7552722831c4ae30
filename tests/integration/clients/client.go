// SPDX-License-Identifier: BSD-3-Clause
// Go's gomemcache (Debian's package): HOST PORT LARGEST. Exits 1 on the first wrong answer.
package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

var checks int
var checksMutex sync.Mutex

func same(got, expected interface{}, what string) {
	checksMutex.Lock()
	checks++
	checksMutex.Unlock()
	if got != expected {
		fmt.Fprintf(os.Stderr, "%s: got %.200v, expected %.200v\n", what, got, expected)
		os.Exit(1)
	}
}

func value(m *memcache.Client, key string) string {
	item, err := m.Get(key)
	if err != nil {
		return "error: " + err.Error()
	}
	return string(item.Value)
}

func basics(m *memcache.Client) {
	same(m.Set(&memcache.Item{Key: "a", Value: []byte("one"), Flags: 77}), nil, "set")
	item, err := m.Get("a")
	same(err, nil, "get")
	same(string(item.Value), "one", "value")
	same(item.Flags, uint32(77), "flags")
	_, err = m.Get("nothing")
	same(err, memcache.ErrCacheMiss, "miss")
	same(m.Add(&memcache.Item{Key: "a", Value: []byte("x")}), memcache.ErrNotStored, "add of a present key")
	same(m.Add(&memcache.Item{Key: "b", Value: []byte("two")}), nil, "add")
	same(m.Replace(&memcache.Item{Key: "c", Value: []byte("x")}), memcache.ErrNotStored, "replace of an absent key")
	same(m.Replace(&memcache.Item{Key: "b", Value: []byte("three")}), nil, "replace")
	same(value(m, "b"), "three", "get after replace")

	item, _ = m.Get("a")
	item.Value = []byte("two")
	same(m.CompareAndSwap(item), nil, "cas")
	same(m.CompareAndSwap(item), memcache.ErrCASConflict, "cas with an old unique")
	same(value(m, "a"), "two", "get after cas")

	same(m.Set(&memcache.Item{Key: "n", Value: []byte("10")}), nil, "set of a number")
	number, err := m.Increment("n", 5)
	same(err, nil, "incr")
	same(number, uint64(15), "incr")
	number, _ = m.Decrement("n", 20)
	same(number, uint64(0), "decr below zero")
	_, err = m.Increment("nothing", 1)
	same(err, memcache.ErrCacheMiss, "incr of an absent key")
	same(m.Touch("a", 1000), nil, "touch")
	same(m.Touch("nothing", 1000), memcache.ErrCacheMiss, "touch of an absent key")
	same(m.Delete("a"), nil, "delete")
	same(m.Delete("a"), memcache.ErrCacheMiss, "delete again")
}

func many(m *memcache.Client) {
	var workers sync.WaitGroup
	for w := 0; w < 8; w++ {
		workers.Add(1)
		go func(w int) {
			defer workers.Done()
			for i := w; i < 4000; i += 8 {
				key := "many:" + strconv.Itoa(i)
				same(m.Set(&memcache.Item{Key: key, Value: []byte(strconv.Itoa(i))}), nil, "set "+key)
				same(value(m, key), strconv.Itoa(i), "get "+key)
			}
		}(w)
	}
	workers.Wait()
	var keys []string
	for i := 0; i < 4100; i++ {
		keys = append(keys, "many:"+strconv.Itoa(i))
	}
	got, err := m.GetMulti(keys)
	same(err, nil, "get multi")
	same(len(got), 4000, "get multi")
	for i := 0; i < 4000; i++ {
		same(string(got[keys[i]].Value), strconv.Itoa(i), keys[i])
	}
}

func large(m *memcache.Client, largest int) {
	for _, size := range []int{1, 5000, 100000, 1000000, largest - 1000} {
		if size >= largest {
			continue
		}
		bytesOf := bytes.Repeat([]byte("v"), size)
		same(m.Set(&memcache.Item{Key: "large", Value: bytesOf}), nil, fmt.Sprint("set of bytes: ", size))
		item, err := m.Get("large")
		same(err, nil, fmt.Sprint("get of bytes: ", size))
		same(bytes.Equal(item.Value, bytesOf), true, fmt.Sprint("get of bytes: ", size))
	}
}

func main() {
	largest, _ := strconv.Atoi(os.Args[3])
	m := memcache.New(os.Args[1] + ":" + os.Args[2])
	m.Timeout = 20 * time.Second
	basics(m)
	many(m)
	large(m, largest)
	same(m.Set(&memcache.Item{Key: "soon", Value: []byte("x"), Expiration: 1}), nil, "set with a time to live")
	time.Sleep(2200 * time.Millisecond)
	_, err := m.Get("soon")
	same(err, memcache.ErrCacheMiss, "get after its time")
	same(m.DeleteAll(), nil, "delete all")
	_, err = m.Get("b")
	same(err, memcache.ErrCacheMiss, "get after delete all")
	fmt.Println(checks, "checks")
}
