"""The classes for redis.asyncio."""

import asyncio
import os
import time
import unittest

import redis
import redpoll.asyncio
from tests.server import PATIENCE, Server, WithServer


class Commands(WithServer):
    def everywhere(self, test, **options):
        """Runs a coroutine with a client of each kind."""

        async def run(shm, protocol):
            client = redpoll.asyncio.connect(
                self.server.socket, shm=shm, protocol=protocol, **options
            )
            await client.flushall()
            connection = await client.connection_pool.get_connection("_")
            self.assertEqual(connection.is_shm, shm == "require")
            await client.connection_pool.release(connection)
            await asyncio.wait_for(test(client), PATIENCE)
            await client.aclose()
            await client.connection_pool.disconnect()

        for shm in ("require", "no"):
            for protocol in (2, 3):
                with self.subTest(shm=shm, protocol=protocol):
                    asyncio.run(run(shm, protocol))

    def test_values_and_pipelines(self):
        async def test(r):
            await r.set("k", b"\x00\r\nv")
            self.assertEqual(await r.get("k"), b"\x00\r\nv")
            self.assertEqual(await r.hset("h", mapping={"a": 1}), 1)
            self.assertEqual(await r.hgetall("h"), {b"a": b"1"})
            async with r.pipeline(transaction=True) as pipe:
                self.assertEqual(await pipe.incr("n").incr("n").execute(), [1, 2])
            async with r.pipeline(transaction=False) as pipe:
                for number in range(2000):
                    pipe.echo(str(number))
                self.assertEqual(len(await pipe.execute()), 2000)
            with self.assertRaises(redis.ResponseError):
                await r.lpush("k", 1)

        self.everywhere(test)

    def test_tasks_at_once(self):
        async def test(r):
            async def work():
                for number in range(50):
                    await r.incr("n")
                    assert await r.echo(str(number)) == str(number).encode()

            await asyncio.gather(*(work() for _ in range(10)))
            self.assertEqual(await r.get("n"), b"500")

        self.everywhere(test)

    def test_large_values(self):
        value = os.urandom(1 << 20) * 10

        async def test(r):
            await r.set("large", value)
            self.assertTrue(await r.get("large") == value)

        self.everywhere(test)

    def test_waiting(self):
        async def test(r):
            async def push():
                await asyncio.sleep(0.02)
                await r.rpush("l", "x")

            for _ in range(5):
                popped, _ = await asyncio.gather(r.blpop(["l"], timeout=PATIENCE), push())
                self.assertEqual(list(popped), [b"l", b"x"])
            self.assertIsNone(await r.blpop(["nothing"], timeout=0.05))

        self.everywhere(test)

    def test_messages(self):
        async def test(r):
            async with r.pubsub() as pubsub:
                await pubsub.subscribe("a")
                self.assertEqual((await pubsub.get_message(timeout=PATIENCE))["type"], "subscribe")
                self.assertIsNone(await pubsub.get_message(timeout=0.05))
                for text in (b"1", b"2"):
                    await r.publish("a", text)
                    await asyncio.sleep(0.01)
                    message = await pubsub.get_message(timeout=PATIENCE)
                    self.assertEqual(message["data"], text)

        self.everywhere(test)


class Faults(unittest.TestCase):
    def test_a_killed_server_is_an_error_within_a_second(self):
        async def test(server):
            r = redpoll.asyncio.connect(server.socket, shm="require", retry=None)
            waiting = asyncio.create_task(r.blpop(["nothing"], timeout=0))
            await asyncio.sleep(0.1)
            killed = time.monotonic()
            server.kill()
            with self.assertRaises(redis.ConnectionError):
                await asyncio.wait_for(waiting, PATIENCE)
            self.assertLess(time.monotonic() - killed, 1)
            with self.assertRaises(redis.ConnectionError):
                await r.ping()
            await r.aclose()

        server = Server()
        try:
            asyncio.run(test(server))
        finally:
            server.stop()

    def test_a_refusal_falls_back(self):
        async def test(server):
            r = redpoll.asyncio.connect(server.socket)
            await r.set("k", "v")
            self.assertEqual(await r.get("k"), b"v")
            connection = await r.connection_pool.get_connection("_")
            self.assertIn("disabled", connection.shm_refusal)
            await r.connection_pool.release(connection)
            await r.aclose()
            with self.assertRaisesRegex(redis.ConnectionError, "disabled"):
                await redpoll.asyncio.connect(server.socket, shm="require", retry=None).ping()

        server = Server("--shm-enabled", "no")
        try:
            asyncio.run(test(server))
        finally:
            server.stop()


if __name__ == "__main__":
    unittest.main()
