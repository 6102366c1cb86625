"""The classes for redis.asyncio.

The event loop watches the connection's descriptor. The server makes that readable when it is asked to;
so a reader that is about to wait first looks for its reply by itself for a moment, and then asks.
"""

import asyncio
import inspect

import redis.asyncio as aioredis
from redis.asyncio.connection import UnixDomainSocketConnection, parse_url

from redpoll import common
from redpoll._core import Channel


class _Reader(asyncio.StreamReader):
    """A stream that is fed from a channel."""

    def __init__(self, channel):
        loop = asyncio.get_running_loop()
        super().__init__(loop=loop)
        self._channel = channel
        self._watching = loop
        #: Set whenever the descriptor was readable: there may be room to send as well.
        self.rang = asyncio.Event()
        loop.add_reader(channel.fileno(), self._readable)

    def _readable(self):
        self.rang.set()
        try:
            is_open = self._channel.answer()
            self._pump()
        except OSError as error:
            self.set_exception(error)
            self.stop()
            return
        if not is_open or self._eof:
            self._end()

    def _pump(self):
        """Takes in what is there. Whether that was anything."""
        found = False
        while (data := self._channel.try_recv()) is not None:
            found = True
            if not data:
                self._end()
                break
            self.feed_data(data)
        return found

    def _end(self):
        self.stop()
        if not self._eof:
            self.feed_eof()

    def stop(self):
        """Gives the descriptor up."""
        loop, self._watching = self._watching, None
        if loop is not None and not loop.is_closed():
            loop.remove_reader(self._channel.fileno())

    async def _wait_for_data(self, func_name):
        # Everything that StreamReader offers comes here when it has too little.
        if self._watching is not None:
            self._channel.spin()
            if self._pump():
                return
            while not self._channel.arm():
                if self._pump():
                    return
        await super()._wait_for_data(func_name)


class _Writer:
    """As much of a StreamWriter as redis-py uses."""

    def __init__(self, channel, reader):
        self._channel = channel
        self._reader = reader
        self._unsent = []
        self._closed = False

    @property
    def transport(self):
        return self

    def write(self, data):
        if self._unsent:
            self._unsent.append(data)
            return
        data = bytes(data)
        sent = self._channel.try_send(data, 0)
        if sent < len(data):
            self._unsent.append(data[sent:])

    def writelines(self, parts):
        # A request in one piece may ride along with the ring's counter.
        self.write(b"".join(parts))

    async def drain(self):
        while self._unsent:
            data = b"".join(self._unsent)
            self._unsent.clear()
            sent = self._channel.try_send(data, 0)
            if sent < len(data):
                self._unsent.append(data[sent:])
                await self._room()
        if self._reader.exception() is not None:
            raise self._reader.exception()

    async def _room(self):
        """Waits until something can be sent."""
        if not self._channel.is_shm:
            loop, number = asyncio.get_running_loop(), self._channel.fileno()
            room = asyncio.Event()
            loop.add_writer(number, room.set)
            try:
                await room.wait()
            finally:
                loop.remove_writer(number)
            return
        self._reader.rang.clear()
        # Replies may be what is in the way: they are waited for as well.
        if self._channel.arm_room() and self._channel.arm():
            await self._reader.rang.wait()
        else:
            self._reader._pump()
        if self._reader.at_eof():
            raise ConnectionResetError("Connection closed by server")

    def is_closing(self):
        return self._closed

    def get_extra_info(self, name, default=None):
        return default

    def close(self):
        if not self._closed:
            self._closed = True
            self._reader.stop()
            self._channel.close()

    abort = close

    async def wait_closed(self):
        pass


class Connection(UnixDomainSocketConnection):
    """A connection that goes over to shared memory once it is logged in.

    ``shm`` and ``shm_ring`` as for ``redpoll.Connection``.
    """

    def __init__(self, *, path="", shm=common.TRY, shm_ring=None, **kwargs):
        super().__init__(path=path, **kwargs)
        self.shm = common.checked(shm)
        self.shm_ring = shm_ring
        #: Why the last connection stays with the socket, if it does.
        self.shm_refusal = None
        self._channel = None
        if self.redis_connect_func is not None:
            own = self.redis_connect_func

            async def then_go_over(connection):
                done = own(connection)
                if inspect.isawaitable(done):
                    await done
                connection._go_over()

            self.redis_connect_func = then_go_over

    async def _connect(self):
        # A Unix socket connects at once or not at all.
        channel = Channel(self.path)
        self._channel = channel
        self._reader = _Reader(channel)
        self._writer = _Writer(channel, self._reader)

    # redis-py calls one or the other, depending on its version.

    async def on_connect(self):
        await super().on_connect()
        self._go_over()

    async def on_connect_check_health(self, check_health=True):
        await super().on_connect_check_health(check_health=check_health)
        self._go_over()

    def _go_over(self):
        channel = self._channel
        if self._writer is None or self.shm == common.NO or channel.is_shm:
            return
        # One round trip, and the loop stands still meanwhile.
        channel.settimeout(self.socket_connect_timeout or 5)
        self.shm_refusal = channel.go_over(self.shm_ring)
        if self.shm_refusal is not None and self.shm == common.REQUIRE:
            raise common.refused(self.shm_refusal)

    @property
    def is_shm(self):
        """Whether it goes through shared memory now."""
        return self._channel is not None and self.is_connected and self._channel.is_shm


class _Pool(common.Pool):
    _connection_class = Connection
    _parse_url = staticmethod(parse_url)


class ConnectionPool(_Pool, aioredis.ConnectionPool):
    """A ``redis.asyncio.ConnectionPool``: ``ConnectionPool("/path/to/socket", db=1, …)``."""


class BlockingConnectionPool(_Pool, aioredis.BlockingConnectionPool):
    """A ``redis.asyncio.BlockingConnectionPool``, likewise."""


def connect(path, *, shm=common.TRY, shm_ring=None, **kwargs):
    """A ``redis.asyncio.Redis``, with the arguments of its own, whose pool makes our connections."""
    client = aioredis.Redis(unix_socket_path=path, **kwargs)
    pool = client.connection_pool
    pool.connection_class = Connection
    pool.connection_kwargs.update(shm=common.checked(shm), shm_ring=shm_ring)
    return client


def from_url(url, **kwargs):
    """A ``redis.asyncio.Redis`` for ``redis+shm://[[user:]password@]/path/to/socket[?db=1]``."""
    return aioredis.Redis.from_pool(ConnectionPool.from_url(url, **kwargs))
