"""The classes for redis-py."""

import redis
from redis.connection import UnixDomainSocketConnection, parse_url

from redpoll import common
from redpoll._core import Channel


class Connection(UnixDomainSocketConnection):
    """A connection that goes over to shared memory once it is logged in.

    ``shm``: "try" (stay with the socket where it is refused), "require" or "no".
    ``shm_ring``: the wish for the size of the rings, in bytes.
    """

    def __init__(self, path="", *, shm=common.TRY, shm_ring=None, **kwargs):
        super().__init__(path=path, **kwargs)
        self.shm = common.checked(shm)
        self.shm_ring = shm_ring
        #: Why the last connection stays with the socket, if it does.
        self.shm_refusal = None
        if self.redis_connect_func is not None:
            own = self.redis_connect_func

            def then_go_over(connection):
                own(connection)
                connection._go_over()

            self.redis_connect_func = then_go_over

    def _connect(self):
        channel = Channel(self.path)
        channel.settimeout(self.socket_timeout)
        return channel

    # redis-py calls one or the other, depending on its version.

    def on_connect(self):
        super().on_connect()
        self._go_over()

    def on_connect_check_health(self, check_health=True):
        super().on_connect_check_health(check_health=check_health)
        self._go_over()

    def _go_over(self):
        channel = self._sock
        if channel is None or self.shm == common.NO or channel.is_shm:
            return
        self.shm_refusal = channel.go_over(self.shm_ring)
        if self.shm_refusal is not None and self.shm == common.REQUIRE:
            raise common.refused(self.shm_refusal)

    @property
    def is_shm(self):
        """Whether it goes through shared memory now."""
        return self._sock is not None and self._sock.is_shm


class _Pool(common.Pool):
    _connection_class = Connection
    _parse_url = staticmethod(parse_url)


class ConnectionPool(_Pool, redis.ConnectionPool):
    """A ``redis.ConnectionPool``: ``ConnectionPool("/path/to/socket", db=1, …)``."""


class BlockingConnectionPool(_Pool, redis.BlockingConnectionPool):
    """A ``redis.BlockingConnectionPool``, likewise."""


def connect(path, *, shm=common.TRY, shm_ring=None, single_connection_client=False, **kwargs):
    """A ``redis.Redis``, with the arguments of its own, whose pool makes our connections."""
    client = redis.Redis(unix_socket_path=path, **kwargs)
    pool = client.connection_pool
    pool.connection_class = Connection
    pool.connection_kwargs.update(shm=common.checked(shm), shm_ring=shm_ring)
    if single_connection_client:
        client = redis.Redis(connection_pool=pool, single_connection_client=True)
        client.auto_close_connection_pool = True
    return client


def from_url(url, **kwargs):
    """A ``redis.Redis`` for ``redis+shm://[[user:]password@]/path/to/socket[?db=1]``."""
    client = redis.Redis(connection_pool=ConnectionPool.from_url(url, **kwargs))
    client.auto_close_connection_pool = True
    return client
