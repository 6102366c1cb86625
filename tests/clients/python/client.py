"""redis-py against a started server: what a Python program does with it, in both protocols.

Run by `cargo xtask ci python`, which makes a virtual environment below `target/` and starts the
server. By hand: python client.py PORT [UNIX_SOCKET]. Every check is an assertion; the first that
fails ends the run with a trace and exit code 1.
"""

import sys
import threading
import time

import redis

PATIENCE = 60


def eventually(what, condition):
    """Waits until condition() holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited in vain for: {what}"
        time.sleep(0.005)


def refused(kind, text, action):
    """Demands that action() is refused with an error of this kind and text."""
    try:
        action()
    except kind as error:
        assert text in str(error), f"{error!r} instead of {text!r}"
    else:
        raise AssertionError(f"not refused: {text}")


def strings(r):
    assert r.set("k", "v") is True
    assert r.get("k") == b"v"
    assert r.get("none") is None
    binary = bytes(range(256)) * 1000
    r.set("binary", binary)
    assert r.get("binary") == binary
    assert r.set("k", "w", nx=True) is None
    assert r.set("k", "w", xx=True, get=True) == b"v"
    assert r.incr("n") == 1 and r.incrby("n", 41) == 42 and r.decr("n") == 41
    assert r.incrbyfloat("f", 1.5) == 1.5
    assert r.append("k", "xyz") == 4 and r.getrange("k", 1, -1) == b"xyz"
    assert r.mset({"a": 1, "b": 2}) is True
    assert r.mget("a", "none", "b") == [b"1", None, b"2"]
    assert r.getdel("a") == b"1" and r.exists("a") == 0
    assert r.setrange("k", 6, "!") == 7 and r.strlen("k") == 7
    refused(redis.ResponseError, "not an integer", lambda: r.incr("k"))
    refused(redis.ResponseError, "unknown command 'NOSUCH'", lambda: r.execute_command("NOSUCH"))


def expiry(r):
    r.set("short", 1, px=30)
    assert 0 < r.pttl("short") <= 30
    eventually("the key is gone", lambda: r.get("short") is None)
    assert r.ttl("short") == -2
    r.set("long", 1, ex=1000)
    assert 990 < r.ttl("long") <= 1000
    assert r.persist("long") is True and r.ttl("long") == -1
    assert r.expire("long", 100, gt=True) is False
    assert r.expire("long", 100, nx=True) is True
    assert r.expireat("long", int(time.time()) + 50) is True and r.ttl("long") <= 50


def lists(r):
    assert r.rpush("l", *range(5)) == 5
    assert r.lrange("l", 0, -1) == [b"0", b"1", b"2", b"3", b"4"]
    assert r.lpop("l", 2) == [b"0", b"1"] and r.rpop("l") == b"4"
    assert r.linsert("l", "BEFORE", "3", "x") == 3 and r.lpos("l", "x") == 1
    assert r.lmove("l", "m", "RIGHT", "LEFT") == b"3"
    assert r.lset("l", 0, "y") is True and r.lindex("l", 0) == b"y"
    assert tuple(r.blpop(["none", "l"], timeout=1)) == (b"l", b"y")
    refused(redis.ResponseError, "WRONGTYPE", lambda: r.get("m"))


def blocking(r, connect):
    got = []
    waiters = [threading.Thread(target=lambda: got.append(connect().blpop("q"))) for _ in range(3)]
    for waiter in waiters:
        waiter.start()
    eventually("three wait", lambda: r.info("clients")["blocked_clients"] == 3)
    r.rpush("q", "a", "b", "c")
    for waiter in waiters:
        waiter.join(PATIENCE)
    assert sorted(map(tuple, got)) == [(b"q", b"a"), (b"q", b"b"), (b"q", b"c")], got
    assert r.blpop("q", timeout=0.05) is None
    assert r.brpoplpush("q", "p", timeout=0.05) is None
    assert r.bzpopmin("none", timeout=0.05) is None


def hashes(r):
    assert r.hset("h", mapping={"a": 1, "b": 2}) == 2
    assert r.hgetall("h") == {b"a": b"1", b"b": b"2"}
    assert r.hincrby("h", "a", 9) == 10 and r.hincrbyfloat("h", "b", 0.5) == 2.5
    assert r.hmget("h", "a", "none") == [b"10", None]
    assert r.hdel("h", "a") == 1 and r.hkeys("h") == [b"b"] and r.hlen("h") == 1
    r.hset("big", mapping={f"f{n}": n for n in range(2000)})
    assert len(dict(r.hscan_iter("big", count=50))) == 2000


def sets(r):
    assert r.sadd("s", "a", "b", "c") == 3 and r.sadd("t", "b", "c", "d") == 3
    assert r.smembers("s") == {b"a", b"b", b"c"}
    assert set(r.sinter("s", "t")) == {b"b", b"c"}
    assert set(r.sunion("s", "t")) == {b"a", b"b", b"c", b"d"}
    assert set(r.sdiff("s", "t")) == {b"a"}
    assert r.sintercard(2, ["s", "t"]) == 2
    assert r.sismember("s", "a") == 1 and r.smismember("s", ["a", "z"]) == [1, 0]
    assert r.srandmember("s") in {b"a", b"b", b"c"} and r.spop("s") in {b"a", b"b", b"c"}
    assert r.scard("s") == 2


def sorted_sets(r):
    assert r.zadd("z", {"a": 1.5, "b": 2, "c": -1, "d": float("inf")}) == 4
    pairs = [tuple(pair) for pair in r.zrange("z", 0, -1, withscores=True)]
    assert pairs == [(b"c", -1.0), (b"a", 1.5), (b"b", 2.0), (b"d", float("inf"))], pairs
    assert r.zrangebyscore("z", "(1", 2) == [b"a", b"b"]
    assert r.zincrby("z", 3, "a") == 4.5 and r.zscore("z", "a") == 4.5
    assert r.zrank("z", "c") == 0 and r.zrevrank("z", "d") == 0
    assert r.zadd("z", {"a": 9}, gt=True, ch=True) == 1
    assert r.zcount("z", "-inf", "+inf") == 4 and r.zrem("z", "d") == 1
    assert r.zmscore("z", ["a", "none"]) == [9.0, None]
    assert tuple(r.zpopmin("z", 1)[0]) == (b"c", -1.0)
    assert r.zunionstore("u", ["z", "z"], aggregate="MAX") == 2
    assert len(list(r.zscan_iter("u"))) == 2


def transactions(r):
    pipe = r.pipeline(transaction=True)
    assert pipe.incr("count").incr("count").get("count").execute() == [1, 2, b"2"]
    with r.pipeline() as pipe:
        pipe.watch("count")
        r.set("count", 10)
        pipe.multi()
        pipe.incr("count")
        refused(redis.WatchError, "", pipe.execute)

    def add_one(pipe):
        count = int(pipe.get("count"))
        pipe.multi()
        pipe.set("count", count + 1)

    assert r.transaction(add_one, "count") == [True] and r.get("count") == b"11"


def pipelines(r):
    pipe = r.pipeline(transaction=False)
    for number in range(20_000):
        pipe.set(f"key:{number}", number)
    assert all(pipe.execute())
    for number in range(20_000):
        pipe.get(f"key:{number}")
    assert pipe.execute() == [str(number).encode() for number in range(20_000)]
    assert len(set(r.scan_iter("key:*", count=1000))) == 20_000
    assert len(set(r.scan_iter("key:1?", count=1000))) == 10


def streams(r):
    first = r.xadd("x", {"sensor": "a", "value": 1})
    second = r.xadd("x", {"sensor": "b", "value": 2}, maxlen=1000, approximate=True)
    assert r.xlen("x") == 2 and first < second
    assert r.xrange("x", count=1) == [(first, {b"sensor": b"a", b"value": b"1"})]
    assert [entry for entry, _ in r.xrevrange("x")] == [second, first]
    assert r.xgroup_create("x", "g", id="0") is True
    refused(redis.ResponseError, "BUSYGROUP", lambda: r.xgroup_create("x", "g"))
    reply = r.xreadgroup("g", "c", {"x": ">"}, count=10)
    entries = reply[b"x"][0] if isinstance(reply, dict) else reply[0][1]
    assert [entry for entry, _ in entries] == [first, second]
    assert r.xpending("x", "g")["pending"] == 2
    assert r.xack("x", "g", first) == 1
    assert [entry for entry, _ in r.xclaim("x", "g", "d", 0, [second])] == [second]
    assert r.xautoclaim("x", "g", "e", 0)[1][0][0] == second
    assert r.xinfo_stream("x")["length"] == 2
    assert r.xinfo_groups("x")[0]["pending"] == 1
    assert r.xread({"x": second}, block=20) in ([], {}, None)
    assert r.xdel("x", first) == 1 and r.xtrim("x", maxlen=0) == 1


def bits_and_sketches(r):
    assert r.setbit("bits", 7, 1) == 0 and r.getbit("bits", 7) == 1
    assert r.bitcount("bits") == 1 and r.bitpos("bits", 1) == 7
    assert r.bitfield("bits").set("u8", 8, 255).incrby("u8", 8, 1).execute() == [0, 0]
    r.set("a", b"\xf0"), r.set("b", b"\x3c")
    assert r.bitop("AND", "c", "a", "b") == 1 and r.get("c") == b"\x30"
    assert r.pfadd("sketch", *range(1000)) == 1 and abs(r.pfcount("sketch") - 1000) < 50
    r.pfadd("other", *range(500, 1500))
    assert r.pfmerge("both", "sketch", "other") is True
    assert abs(r.pfcount("both") - 1500) < 75


def places(r):
    assert r.geoadd("g", (13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")) == 2
    assert abs(r.geodist("g", "Palermo", "Catania", "km") - 166.2742) < 0.001
    assert r.geohash("g", "Palermo") in ([b"sqc8b49rny0"], ["sqc8b49rny0"])
    assert abs(r.geopos("g", "Catania")[0][1] - 37.502669) < 0.00001
    near = r.geosearch("g", longitude=15, latitude=37, radius=200, unit="km", sort="ASC")
    assert near == [b"Catania", b"Palermo"]


def scripts(r):
    add = r.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    assert add(keys=["counter"], args=[5]) == 5 and add(keys=["counter"], args=[2]) == 7
    assert r.eval("return {1, 'two', {3}}", 0) == [1, b"two", [3]]
    assert r.eval("return cjson.encode({1, 2})", 0) == b"[1,2]"
    refused(redis.ResponseError, "WRONGTYPE", lambda: r.eval("redis.call('LPUSH', 'k', 1)", 0))
    refused(redis.exceptions.NoScriptError, "", lambda: r.evalsha("0" * 40, 0))
    library = "#!lua name=lib\nredis.register_function('twice', function(_, a) return a[1] * 2 end)"
    assert r.function_load(library, replace=True) in (b"lib", "lib")
    assert r.fcall("twice", 0, 21) == 42
    with r.lock("lock", timeout=10):
        assert r.exists("lock") == 1
    assert r.exists("lock") == 0


def users(r, connect):
    assert r.acl_setuser("reader", enabled=True, passwords=["+secret"], keys=["k*"],
                         commands=["+@read", "+ping"]) is True
    assert "reader" in [getattr(name, "decode", lambda: name)() for name in r.acl_users()]
    other = connect(username="reader", password="secret")
    assert other.get("k") is not None
    refused(redis.exceptions.NoPermissionError, "", lambda: other.set("k", 1))
    refused(redis.exceptions.NoPermissionError, "", lambda: other.get("z"))
    refused(redis.AuthenticationError, "",
            lambda: connect(username="reader", password="wrong").ping())
    assert r.acl_deluser("reader") == 1
    assert r.acl_log(count=1)


def payloads(r):
    r.rpush("dumped", "a", "b")
    payload = r.dump("dumped")
    assert r.restore("restored", 0, payload) in (True, b"OK")
    assert r.lrange("restored", 0, -1) == [b"a", b"b"]
    refused(redis.ResponseError, "checksum", lambda: r.restore("bad", 0, payload[:-1] + b"x"))


def messages(r):
    with r.pubsub() as listener:
        listener.subscribe("news")
        listener.psubscribe("new*")
        kinds = [listener.get_message(timeout=PATIENCE)["type"] for _ in range(2)]
        assert kinds == ["subscribe", "psubscribe"], kinds
        assert r.publish("news", "hello") == 2
        seen = [listener.get_message(timeout=PATIENCE) for _ in range(2)]
        assert [(m["type"], m["data"]) for m in seen] == [
            ("message", b"hello"),
            ("pmessage", b"hello"),
        ], seen
        assert r.pubsub_numsub("news") == [(b"news", 1)]
        listener.unsubscribe()
        listener.punsubscribe()


def administration(r):
    assert r.ping() is True and r.echo("x") == b"x"
    info = r.info()
    assert info["redis_version"].startswith("7.") and "redpoll_version" in info, info
    assert r.client_setname("tester") and r.client_getname() in ("tester", b"tester")
    assert any(client["name"] == "tester" for client in r.client_list())
    assert r.config_get("maxclients")["maxclients"].isdigit()
    assert r.config_set("timeout", 300) and r.config_get("timeout") == {"timeout": "300"}
    assert r.config_set("timeout", 0)
    assert r.memory_usage("k") > 0 and r.object("encoding", "n") in ("int", b"int")
    assert r.command_count() > 150 and "get" in r.command()
    assert isinstance(r.time()[0], int) and r.dbsize() > 0
    assert r.rename("n", "renamed") is True and r.type("renamed") == b"string"
    assert r.copy("renamed", "copy") in (True, 1) and r.get("copy") == r.get("renamed")


def run(connect):
    r = connect()
    r.flushall()
    for part in (
        strings,
        expiry,
        lists,
        hashes,
        sets,
        sorted_sets,
        streams,
        bits_and_sketches,
        places,
        scripts,
        payloads,
        transactions,
        pipelines,
    ):
        part(r)
    users(r, connect)
    blocking(r, connect)
    messages(r)
    administration(r)
    assert r.flushall() is True and r.dbsize() == 0


def main():
    port, *sockets = sys.argv[1:]
    ways = [{"port": int(port)}] + [{"unix_socket_path": path} for path in sockets]
    for way in ways:
        for protocol in (2, 3):
            options = {**way, "protocol": protocol, "socket_timeout": PATIENCE}
            run(lambda **more: redis.Redis(**options, **more))
            print(f"redis-py {redis.__version__}, RESP{protocol}: fine")


if __name__ == "__main__":
    main()
