"""The blocking classes, as programs use redis-py."""

import multiprocessing
import os
import signal
import threading
import time
import unittest

import redis
import redpoll
from tests.server import PATIENCE, Server, WithServer, eventually

def parsers(protocol):
    """Parsers of redis-py that there are here."""
    try:
        import hiredis  # noqa: F401
    except ImportError:
        return [redis._parsers._RESP2Parser]
    if protocol == 3 and int(redis.__version__.split(".")[0]) < 6:
        # Its own parser waits for a reply behind each push there if hiredis is installed.
        return [redis._parsers._HiredisParser]
    return [redis._parsers._RESP2Parser, redis._parsers._HiredisParser]


def text(value):
    """What some versions give as bytes."""
    return value.decode() if isinstance(value, bytes) else value


def transport(client):
    """How the server sees the client's connection."""
    info = repr(client.client_info())
    return "shm" if "shm" in info.split("transport")[-1] else "unix"


class Commands(WithServer):
    def ways(self):
        """Clients of both protocols, with both parsers, over shared memory and over the socket."""
        for shm in ("require", "no"):
            for protocol in (2, 3):
                for parser in parsers(protocol):
                    client = redpoll.connect(
                        self.server.socket,
                        shm=shm,
                        protocol=protocol,
                        socket_timeout=PATIENCE,
                    )
                    client.connection_pool.connection_kwargs["parser_class"] = parser
                    with self.subTest(shm=shm, protocol=protocol, parser=parser.__name__):
                        client.flushall()
                        self.assertEqual(transport(client), "shm" if shm == "require" else "unix")
                        yield client
                    client.close()

    def test_values(self):
        for r in self.ways():
            self.assertTrue(r.set("k", b"\x00\r\nv"))
            self.assertEqual(r.get("k"), b"\x00\r\nv")
            self.assertIsNone(r.get("none"))
            self.assertEqual(r.hset("h", mapping={"a": 1, "b": 2}), 2)
            self.assertEqual(r.hgetall("h"), {b"a": b"1", b"b": b"2"})
            self.assertEqual(r.zadd("z", {"one": 1, "two": 2.5}), 2)
            self.assertEqual(r.zscore("z", "two"), 2.5)
            self.assertEqual(sorted(r.scan_iter()), [b"h", b"k", b"z"])
            with self.assertRaisesRegex(redis.ResponseError, "WRONGTYPE"):
                r.lpush("k", 1)
            self.assertTrue(r.ping())

    def test_pipelines_and_transactions(self):
        for r in self.ways():
            with r.pipeline(transaction=False) as pipe:
                for number in range(3000):
                    pipe.set(f"k{number}", "v" * 100)
                    pipe.get(f"k{number}")
                self.assertEqual(pipe.execute()[1::2], [b"v" * 100] * 3000)
            with r.pipeline() as pipe:
                pipe.incr("n").incr("n")
                self.assertEqual(pipe.execute(), [1, 2])
            with r.pipeline() as pipe:
                pipe.watch("n")
                r.incr("n")
                pipe.multi()
                pipe.set("n", 0)
                with self.assertRaises(redis.WatchError):
                    pipe.execute()

    def test_large_values(self):
        value = os.urandom(1 << 20) * 20
        for r in self.ways():
            r.set("large", value)
            self.assertTrue(r.get("large") == value)
            r.append("large", memoryview(b"end"))
            self.assertEqual(r.strlen("large"), len(value) + 3)

    def test_blocking_pops(self):
        for r in self.ways():
            start = time.monotonic()
            self.assertIsNone(r.blpop("nothing", timeout=0.1))
            self.assertLess(time.monotonic() - start, 10)
            timer = threading.Timer(0.05, lambda: r.rpush("l", "x"))
            timer.start()
            self.assertEqual(list(r.blpop("l", timeout=PATIENCE)), [b"l", b"x"])
            timer.join()

    def test_messages(self):
        for r in self.ways():
            with r.pubsub() as pubsub:
                pubsub.subscribe("a")
                pubsub.psubscribe("p*")
                self.assertEqual(pubsub.get_message(timeout=PATIENCE)["type"], "subscribe")
                self.assertEqual(pubsub.get_message(timeout=PATIENCE)["type"], "psubscribe")
                self.assertIsNone(pubsub.get_message(timeout=0.05))
                r.publish("a", "1")
                self.assertEqual(pubsub.get_message(timeout=PATIENCE)["data"], b"1")
                r.publish("px", "2")
                message = pubsub.get_message(timeout=PATIENCE)
                self.assertEqual((message["pattern"], message["data"]), (b"p*", b"2"))
                # One thread waits while another subscribes.
                got = []
                thread = threading.Thread(
                    target=lambda: got.append(pubsub.get_message(timeout=PATIENCE))
                )
                thread.start()
                time.sleep(0.02)
                pubsub.subscribe("b")
                thread.join(PATIENCE)
                self.assertEqual((got[0]["type"], got[0]["channel"]), ("subscribe", b"b"))

    def test_threads_share_a_pool(self):
        for r in self.ways():

            def work():
                for number in range(100):
                    r.incr("n")
                    assert r.execute_command("ECHO", str(number)) == str(number).encode()

            threads = [threading.Thread(target=work) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
            self.assertEqual(r.get("n"), b"800")

    def test_the_interpreter_runs_on_while_a_thread_waits(self):
        for r in self.ways():
            waiting = threading.Thread(target=lambda: r.blpop("go", timeout=PATIENCE))
            waiting.start()
            turns = sum(1 for _ in range(100_000))
            self.assertEqual(turns, 100_000)
            r.rpush("go", 1)
            waiting.join(PATIENCE)
            self.assertFalse(waiting.is_alive())

    def test_a_timeout_of_the_socket(self):
        for shm in ("require", "no"):
            r = redpoll.connect(self.server.socket, shm=shm, socket_timeout=0.1, retry=None)
            with self.assertRaises(redis.TimeoutError):
                r.blpop("nothing", timeout=5)
            self.assertTrue(r.ping())
            r.close()

    def test_fork(self):
        r = redpoll.connect(self.server.socket, shm="require", socket_timeout=PATIENCE)
        r.set("parent", 1)
        mine = r.connection_pool.get_connection("_")
        context = multiprocessing.get_context("fork")

        def child(queue):
            try:
                # The connection that was inherited must not be used...
                try:
                    mine.send_command("PING")
                    queue.put("the parent's connection works in the child")
                    return
                except redis.ConnectionError:
                    pass
                # ...and the pool makes new ones.
                for _ in range(100):
                    r.incr("n")
                queue.put(r.get("parent"))
            except BaseException as error:
                queue.put(repr(error))

        queue = context.Queue()
        children = [context.Process(target=child, args=(queue,)) for _ in range(3)]
        for process in children:
            process.start()
        self.assertEqual([queue.get(timeout=PATIENCE) for _ in children], [b"1"] * 3)
        for process in children:
            process.join(PATIENCE)
        # What the parent had is not disturbed.
        mine.send_command("GET", "n")
        self.assertEqual(mine.read_response(), b"300")
        r.connection_pool.release(mine)
        self.assertTrue(r.ping())
        r.close()

    def test_pools_and_urls(self):
        path = self.server.socket
        clients = [
            redis.Redis(connection_pool=redpoll.ConnectionPool(path, shm="require")),
            redis.Redis(connection_pool=redpoll.BlockingConnectionPool(path, shm="require")),
            redis.Redis(
                connection_pool=redis.ConnectionPool(
                    connection_class=redpoll.Connection, path=path, shm="require"
                )
            ),
            redpoll.from_url(f"redis+shm://{path}?db=1", shm="require"),
            redpoll.connect(path, shm="require", db=1, single_connection_client=True),
        ]
        for client in clients:
            self.assertEqual(transport(client), "shm")
            client.set("where", client.connection_pool.connection_kwargs.get("db", 0))
            client.close()
        first = redpoll.connect(path, decode_responses=True)
        self.assertEqual(first.get("where"), "0")
        with self.assertRaises(ValueError):
            redpoll.connect(path, shm="perhaps")
        with self.assertRaises(ValueError):
            redpoll.from_url("redis://localhost")

    def test_ctrl_c_ends_waiting(self):
        # A shell that starts its jobs in the background has them ignore it.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        r = redpoll.connect(self.server.socket, shm="require")
        timer = threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT))
        timer.start()
        with self.assertRaises(KeyboardInterrupt):
            r.blpop("nothing", timeout=0)
        timer.join()
        self.assertTrue(r.ping())


class Login(WithServer):
    settings = ("--requirepass", "pw")

    def test_identity_carries_over(self):
        admin = redpoll.connect(self.server.socket, password="pw")
        admin.acl_setuser("ann", True, passwords="+secret", keys="*", commands=["+@all"])
        for way in ({"password": "pw"}, {"username": "ann", "password": "secret"}):
            r = redpoll.connect(self.server.socket, shm="require", db=3, client_name="me", **way)
            self.assertEqual(text(r.acl_whoami()), way.get("username", "default"))
            self.assertEqual(text(r.client_getname()), "me")
            r.set("k", 1)
            self.assertEqual(r.dbsize(), 1)
            r.flushdb()
        url = f"redis+shm://ann:secret@{self.server.socket}?db=2"
        self.assertEqual(text(redpoll.from_url(url, shm="require").acl_whoami()), "ann")
        with self.assertRaises(redis.AuthenticationError):
            redpoll.connect(self.server.socket, password="wrong").ping()
        with self.assertRaises(redis.AuthenticationError):
            redpoll.connect(self.server.socket).ping()


class Refusal(WithServer):
    settings = ("--shm-enabled", "no")

    def test_the_socket_does(self):
        r = redpoll.connect(self.server.socket)
        r.set("k", "v")
        self.assertEqual(r.get("k"), b"v")
        connection = r.connection_pool.get_connection("_")
        self.assertIn("disabled", connection.shm_refusal)
        self.assertFalse(connection.is_shm)
        with self.assertRaisesRegex(redis.ConnectionError, "disabled"):
            redpoll.connect(self.server.socket, shm="require", retry=None).ping()


class Death(unittest.TestCase):
    def test_a_killed_server_is_an_error_within_a_second(self):
        server = Server()
        try:
            r = redpoll.connect(server.socket, shm="require", retry=None)
            observer = redpoll.connect(server.socket)
            caught = []

            def wait():
                try:
                    r.blpop("nothing", timeout=0)
                except redis.ConnectionError:
                    caught.append(time.monotonic())

            thread = threading.Thread(target=wait)
            thread.start()
            eventually(lambda: "blpop" in repr(observer.client_list()), "the client waits")
            killed = time.monotonic()
            server.kill()
            thread.join(PATIENCE)
            self.assertEqual(len(caught), 1)
            self.assertLess(caught[0] - killed, 1)
            with self.assertRaises(redis.ConnectionError):
                r.ping()
        finally:
            server.stop()

    def test_a_server_that_has_come_back_is_found(self):
        server = Server()
        try:
            r = redpoll.connect(server.socket, shm="require")
            self.assertTrue(r.ping())
            server.kill()
            os.unlink(server.socket)
            again = Server()
            try:
                os.symlink(again.socket, server.socket)
                self.assertTrue(r.ping())
            finally:
                again.stop()
        finally:
            server.stop()


if __name__ == "__main__":
    unittest.main()
