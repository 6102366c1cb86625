"""What the blocking and the asynchronous classes share."""

import redis

#: What ``shm`` may be.
TRY, REQUIRE, NO = "try", "require", "no"


def checked(shm):
    """``shm`` as it is kept: True and False stand for "require" and "no"."""
    shm = {True: REQUIRE, False: NO}.get(shm, shm)
    if shm not in (TRY, REQUIRE, NO):
        raise ValueError(f"shm is 'try', 'require' or 'no', and not {shm!r}")
    return shm


def refused(why):
    """The error where shared memory is required."""
    return redis.ConnectionError(f"Shared memory is refused: {why}")


def unix_url(url):
    """A URL with the scheme that redis-py knows."""
    for scheme in ("redis+shm://", "redis+unix://", "unix://"):
        if url.startswith(scheme):
            shm = TRY if scheme == "redis+shm://" else NO
            return "unix://" + url[len(scheme) :], shm
    raise ValueError("the URL begins with redis+shm://, redis+unix:// or unix://")


class Pool:
    """What our pools have in common: the class of connections, and the path in front.

    ``_connection_class`` and ``_parse_url`` are those of the blocking or the asynchronous side.
    """

    def __init__(self, path=None, **kwargs):
        kwargs.setdefault("connection_class", self._connection_class)
        if path is not None:
            kwargs["path"] = path
        super().__init__(**kwargs)

    @classmethod
    def from_url(cls, url, **kwargs):
        """A pool for ``redis+shm://[[user:]password@]/path/to/socket[?db=1]``."""
        url, shm = unix_url(url)
        options = {"shm": shm, **kwargs, **cls._parse_url(url)}
        options["connection_class"] = cls._connection_class
        return cls(**options)
