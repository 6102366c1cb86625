"""Round trips of GET by redis-py: over TCP, over the Unix socket and through shared memory.

    python latency.py PORT SOCKET
"""

import asyncio
import sys
import time

import redis
import redis.asyncio
import redpoll
import redpoll.asyncio

REQUESTS = 20_000


def show(name, times):
    times.sort()
    p50, p99 = (times[len(times) * share // 100] / 1000 for share in (50, 99))
    print(f"{name:<34}{p50:>12.2f}{p99:>12.2f}")


def blocking(name, client):
    client.set("latency:key", "0123456789abcdef")
    times = []
    for _ in range(REQUESTS):
        start = time.perf_counter_ns()
        client.get("latency:key")
        times.append(time.perf_counter_ns() - start)
    show(name, times)


async def asynchronous(name, client):
    times = []
    for _ in range(REQUESTS // 4):
        start = time.perf_counter_ns()
        await client.get("latency:key")
        times.append(time.perf_counter_ns() - start)
    show(name, times)
    await client.aclose()


def main(port, socket):
    print(f"{'GET, round trip':<34}{'p50, us':>12}{'p99, us':>12}")
    blocking("redis-py, tcp", redis.Redis(port=port))
    blocking("redis-py, unix", redis.Redis(unix_socket_path=socket))
    blocking("redis-py, redpoll, shm", redpoll.connect(socket, shm="require"))
    for name, client in (
        ("redis-py, asyncio, tcp", lambda: redis.asyncio.Redis(port=port)),
        ("redis-py, asyncio, unix", lambda: redis.asyncio.Redis(unix_socket_path=socket)),
        ("redis-py, redpoll, asyncio, shm", lambda: redpoll.asyncio.connect(socket, shm="require")),
    ):
        asyncio.run(asynchronous(name, client()))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
