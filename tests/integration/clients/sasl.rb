# SPDX-License-Identifier: BSD-3-Clause
# dalli with a name and a password: HOST PORT NAME PASSWORD.
require "dalli"

host, port, name, password = ARGV
client = Dalli::Client.new("#{host}:#{port}", username: name, password: password)
abort "set" unless client.set("dalli", "value" * 1000)
abort "get" unless client.get("dalli") == "value" * 1000
abort "delete" unless client.delete("dalli") && client.get("dalli").nil?
