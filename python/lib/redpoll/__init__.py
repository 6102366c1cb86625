"""redis-py through Redpoll's shared memory.

    import redpoll

    r = redpoll.connect("/run/redpoll.sock")
    r.set("greeting", "hello")

What is returned is a ``redis.Redis`` whose pool makes connections through shared memory, or through the
Unix socket where the server refuses it.
"""

from redpoll.connection import (
    BlockingConnectionPool,
    Connection,
    ConnectionPool,
    connect,
    from_url,
)

__all__ = [
    "BlockingConnectionPool",
    "Connection",
    "ConnectionPool",
    "connect",
    "from_url",
]
