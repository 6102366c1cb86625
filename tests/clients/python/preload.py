"""What an unchanged program does with sockets, under libredpoll_preload.so: every way of reading,
writing and waiting, with nothing but Python's own library. Arguments: the Unix socket, and the
names of cases (all, if there are none). The library must be in LD_PRELOAD already.
"""

import array
import asyncio
import ctypes
import fcntl
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import termios
import threading
import time

PATH = sys.argv[1]


def command(*words):
    out = [b"*%d\r\n" % len(words)]
    for word in words:
        word = word if isinstance(word, bytes) else str(word).encode()
        out.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(out)


def connect(warm=True):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(PATH)
    if warm:
        # The first exchange goes over the socket; the second finds the rings.
        ask(s, b"+PONG\r\n", "PING")
        expect_shm(s)
    return s


def exactly(s, count):
    got = b""
    while len(got) < count:
        part = s.recv(count - len(got))
        assert part, "the server has closed"
        got += part
    return got


def ask(s, expected, *words):
    s.sendall(command(*words))
    got = exactly(s, len(expected))
    assert got == expected, (words, got)


def bulk(s):
    line = b""
    while not line.endswith(b"\r\n"):
        line += exactly(s, 1)
    return exactly(s, int(line[1:]) + 2)[:-2]


def expect_shm(s, wanted=b"transport=shm"):
    s.sendall(command("CLIENT", "INFO"))
    info = bulk(s)
    assert wanted in info, info


def other():
    """A connection that is left on the socket."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(PATH)
    return s


def later(seconds, *words):
    def run():
        time.sleep(seconds)
        s = other()
        s.sendall(command(*words))
        s.recv(100)
        s.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


# --- reading and writing


def case_calls():
    s = connect()
    ask(s, b"+OK\r\n", "SET", "k", "v")
    s.send(command("GET", "k"))
    assert s.recv(3, socket.MSG_PEEK) == b"$1\r"
    assert s.recv(100, socket.MSG_WAITALL | socket.MSG_DONTWAIT)[:7] == b"$1\r\nv\r\n"
    s.sendmsg([b"*1\r\n", b"$4\r\nPING", b"\r\n"])
    buffers = [bytearray(2), bytearray(3), bytearray(10)]
    count, ancillary, flags, _ = s.recvmsg_into(buffers)
    assert count == 7 and ancillary == [] and flags == 0, (count, ancillary, flags)
    assert b"".join(buffers)[:7] == b"+PONG\r\n"
    os.write(s.fileno(), command("PING"))
    assert os.read(s.fileno(), 100) == b"+PONG\r\n"
    os.writev(s.fileno(), [command("PING"), command("PING")])
    got = b""
    while len(got) < 14:
        room = bytearray(20)
        got += bytes(room[: os.readv(s.fileno(), [room])])
    assert got == b"+PONG\r\n" * 2
    s.send(command("PING"))
    select.select([s], [], [], 10)
    unread = array.array("i", [0])
    fcntl.ioctl(s.fileno(), termios.FIONREAD, unread)
    assert unread[0] == 7, unread
    into = bytearray(7)
    assert s.recv_into(into) == 7
    s.setblocking(False)
    try:
        s.recv(1)
        raise AssertionError("there was nothing")
    except BlockingIOError:
        pass
    s.close()


def case_pipelines_and_large_values():
    s = connect()
    s.sendall(command("PING") * 10000)
    assert exactly(s, 7 * 10000) == b"+PONG\r\n" * 10000
    value = bytes(i * 7 & 255 for i in range(1000)) * 100_000
    s.sendall(command("SET", "big", value))
    assert exactly(s, 5) == b"+OK\r\n"
    s.sendall(command("GET", "big"))
    assert bulk(s) == value
    # Not blocking, and with nothing read before everything is written.
    s.setblocking(False)
    out, got, wanted = command("ECHO", value), b"", len(value) + len(b"$100000000\r\n\r\n")
    parts, view, sent, length = [], memoryview(out), 0, 0
    while length < wanted:
        readable, writable, _ = select.select([s], [s] if sent < len(out) else [], [], 10)
        assert readable or writable
        if writable:
            sent += s.send(view[sent:])
        if readable:
            parts.append(s.recv(1 << 20))
            length += len(parts[-1])
    assert b"".join(parts)[-102:-2] == value[-100:]
    s.close()


def case_transactions_and_messages():
    s = connect()
    ask(s, b"+OK\r\n", "MULTI")
    ask(s, b"+QUEUED\r\n", "SET", "t", "1")
    ask(s, b"*1\r\n+OK\r\n", "EXEC")
    ask(s, b"*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n", "SUBSCRIBE", "c")
    waiting = later(0.1, "PUBLISH", "c", "hello")
    assert exactly(s, 35) == b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n"
    waiting.join()
    s.close()
    # A connection that begins so stays on the socket, and works.
    s = connect(warm=False)
    ask(s, b"+OK\r\n", "MULTI")
    ask(s, b"+QUEUED\r\n", "SET", "t", "1")
    ask(s, b"*1\r\n+OK\r\n", "EXEC")
    expect_shm(s, b"transport=unix")
    s.close()


def case_logins():
    admin = connect()
    ask(admin, b"+OK\r\n", "CONFIG", "SET", "requirepass", "secret")
    s = connect(warm=False)
    s.sendall(command("PING"))
    assert s.recv(100).startswith(b"-NOAUTH")
    s.sendall(command("GET", "k"))
    assert s.recv(100).startswith(b"-NOAUTH")
    ask(s, b"+OK\r\n", "AUTH", "secret")
    expect_shm(s)
    s.close()
    s = connect(warm=False)
    s.sendall(command("AUTH", "secret") + command("PING"))
    assert exactly(s, 12) == b"+OK\r\n+PONG\r\n"
    expect_shm(s)
    ask(admin, b"+OK\r\n", "CONFIG", "SET", "requirepass", "")
    ask(admin, b"+OK\r\n", "CONFIG", "SET", "shm-enabled", "no")
    s = connect(warm=False)
    for _ in range(5):
        ask(s, b"+PONG\r\n", "PING")
    expect_shm(s, b"transport=unix")
    ask(admin, b"+OK\r\n", "CONFIG", "SET", "shm-enabled", "yes")


# --- waiting


def case_blocking_and_timeouts():
    s = connect()
    waiting = later(0.3, "RPUSH", "list", "x")
    begun = time.monotonic()
    ask(s, b"*2\r\n$4\r\nlist\r\n$1\r\nx\r\n", "BLPOP", "list", "0")
    assert time.monotonic() - begun >= 0.25
    waiting.join()
    for set_timeout in (lambda: s.settimeout(0.2), lambda: raw_timeout(s)):
        set_timeout()
        begun = time.monotonic()
        try:
            s.sendall(command("BLPOP", "list", "0.5"))
            s.recv(100)
            raise AssertionError("nothing comes")
        except (TimeoutError, BlockingIOError):
            pass
        assert 0.15 <= time.monotonic() - begun < 5
        s.settimeout(10)
        exactly(s, 5)
    s.close()


def raw_timeout(s):
    s.setblocking(True)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, array.array("l", [0, 200000]).tobytes())


def waits(wait):
    """`wait(s, seconds)` tells whether there is something to read."""
    s = connect()
    s.setblocking(False)
    assert not wait(s, 0)
    begun = time.monotonic()
    assert not wait(s, 0.2)
    assert time.monotonic() - begun >= 0.19
    for _ in range(300):
        s.send(command("PING"))
        assert wait(s, 10)
        assert s.recv(100) == b"+PONG\r\n"
    s.send(command("BLPOP", "list", "0"))
    waiting = later(0.2, "RPUSH", "list", "x")
    assert wait(s, 10)
    assert s.recv(100) == b"*2\r\n$4\r\nlist\r\n$1\r\nx\r\n"
    waiting.join()
    s.send(command("QUIT"))
    assert wait(s, 10)
    got = s.recv(100)
    while got:
        assert got == b"+OK\r\n"
        assert wait(s, 10)
        got = s.recv(100)
    s.close()


def case_select():
    waits(lambda s, seconds: bool(select.select([s], [], [], seconds)[0]))
    s, a, b = connect(), *socket.socketpair()
    assert select.select([s, a], [s, a], [], 1) == ([], [s, a], [])
    b.send(b"x")
    s.send(command("PING"))
    time.sleep(0.1)
    readable, _, _ = select.select([s, a], [], [], 1)
    assert readable == [s, a], readable


def case_poll():
    def wait(s, seconds):
        p = select.poll()
        p.register(s, select.POLLIN)
        return bool(p.poll(seconds * 1000))

    waits(wait)
    p, s, (a, b) = select.poll(), connect(), socket.socketpair()
    for member in (s, a):
        p.register(member, select.POLLIN)
    b.send(b"x")
    assert p.poll(1000) == [(a.fileno(), select.POLLIN)]
    a.recv(1)
    s.send(command("PING"))
    assert p.poll(1000) == [(s.fileno(), select.POLLIN)]
    p.modify(s, select.POLLIN | select.POLLOUT)
    assert p.poll(1000) == [(s.fileno(), select.POLLIN | select.POLLOUT)]


def case_epoll():
    instances = {}

    def wait(s, seconds):
        if s not in instances:
            instances[s] = select.epoll()
            instances[s].register(s, select.EPOLLIN)
        return bool(instances[s].poll(seconds))

    waits(wait)
    # Watched before it goes over, and beside others.
    e, s, (a, b) = select.epoll(), connect(warm=False), socket.socketpair()
    for member in (s, a):
        e.register(member, select.EPOLLIN)
    for _ in range(3):
        s.send(command("PING"))
        assert e.poll(10) == [(s.fileno(), select.EPOLLIN)]
        assert s.recv(100) == b"+PONG\r\n"
    expect_shm(s)
    assert e.poll(0) == []
    b.send(b"x")
    assert e.poll(10) == [(a.fileno(), select.EPOLLIN)]
    s.send(command("PING"))
    time.sleep(0.1)
    assert sorted(e.poll(10)) == sorted([(s.fileno(), select.EPOLLIN), (a.fileno(), select.EPOLLIN)])
    a.recv(1)
    s.recv(100)
    e.modify(s, select.EPOLLIN | select.EPOLLOUT)
    assert e.poll(10) == [(s.fileno(), select.EPOLLOUT)]
    e.unregister(s)
    s.send(command("PING"))
    assert e.poll(0.1) == []
    e.register(s, select.EPOLLIN)
    assert e.poll(10) == [(s.fileno(), select.EPOLLIN)]
    try:
        e.register(s, select.EPOLLIN)
        raise AssertionError("it is there already")
    except FileExistsError:
        pass
    s.close()
    assert e.poll(0.05) == []


def case_epoll_edges():
    e, s = select.epoll(), connect(warm=False)
    s.setblocking(False)
    e.register(s, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
    assert e.poll(10) == [(s.fileno(), select.EPOLLOUT)]
    for _ in range(300):
        s.send(command("PING"))
        while not any(events & select.EPOLLIN for _, events in e.poll(10)):
            pass
        assert s.recv(100) == b"+PONG\r\n"
    s.setblocking(True)
    expect_shm(s)
    s.setblocking(False)
    assert e.poll(0.1) == [], "no edge"
    # What is not read is told once; what comes behind it is told again.
    s.send(command("PING"))
    assert e.poll(10)[0][1] & select.EPOLLIN
    assert e.poll(0.1) == []
    s.send(command("PING"))
    assert e.poll(10)[0][1] & select.EPOLLIN
    assert exactly_now(s, 14) == b"+PONG\r\n" * 2
    # Full, and then not.
    s.send(command("CLIENT", "PAUSE", "300"))
    time.sleep(0.1)
    filled = 0
    try:
        while True:
            filled += s.send(command("ECHO", "x" * 100000))
    except BlockingIOError:
        pass
    begun = time.monotonic()
    while not any(events & select.EPOLLOUT for _, events in e.poll(10)):
        assert time.monotonic() - begun < 20
    one = select.epoll()
    one.register(s, select.EPOLLIN | select.EPOLLONESHOT)
    assert one.poll(10) == [(s.fileno(), select.EPOLLIN)]
    assert one.poll(0.1) == []
    one.modify(s, select.EPOLLIN | select.EPOLLONESHOT)
    assert one.poll(10) == [(s.fileno(), select.EPOLLIN)]


def exactly_now(s, count):
    begun, got = time.monotonic(), b""
    while len(got) < count and time.monotonic() - begun < 10:
        try:
            got += s.recv(count - len(got))
        except BlockingIOError:
            time.sleep(0.001)
    return got


def case_asyncio():
    async def client(number):
        reader, writer = await asyncio.open_unix_connection(PATH)
        for turn in range(200):
            writer.write(command("SET", f"a{number}", turn) + command("GET", f"a{number}"))
            assert await reader.readline() == b"+OK\r\n"
            await reader.readline()
            assert await reader.readline() == b"%d\r\n" % turn
        writer.write(command("CLIENT", "INFO"))
        await reader.readline()
        assert b"transport=shm" in await reader.readline()
        writer.close()

    async def all_of_them():
        await asyncio.wait_for(asyncio.gather(*(client(i) for i in range(20))), 60)

    asyncio.run(all_of_them())


# --- threads, processes, signals


def case_threads():
    s = connect()
    count = 5000

    def write():
        for i in range(count):
            s.sendall(command("ECHO", i))

    writer = threading.Thread(target=write)
    writer.start()
    for i in range(count):
        assert bulk(s) == b"%d" % i
    writer.join()
    # One who sleeps while another asks keeps the connection on the socket.
    s = connect(warm=False)
    ask(s, b"+PONG\r\n", "PING")
    got = []
    reader = threading.Thread(target=lambda: got.append(s.recv(100)))
    reader.start()
    time.sleep(0.2)
    s.sendall(command("PING"))
    reader.join(10)
    assert got == [b"+PONG\r\n"], got
    # The same in an event loop of another thread.
    e, s = select.epoll(), connect(warm=False)
    e.register(s, select.EPOLLIN)
    for turn in range(20):
        looking = threading.Thread(target=lambda: got.append(e.poll(10)))
        looking.start()
        time.sleep(0.02)
        s.send(command("PING"))
        looking.join(10)
        assert got.pop() == [(s.fileno(), select.EPOLLIN)], turn
        assert s.recv(100) == b"+PONG\r\n"


def case_descriptors():
    s = connect()
    copy = s.dup()
    ask(copy, b"+PONG\r\n", "PING")
    s.close()
    ask(copy, b"+PONG\r\n", "PING")
    target = os.open("/dev/null", os.O_RDWR)
    os.dup2(copy.fileno(), target)
    moved = socket.socket(fileno=target)
    copy.close()
    ask(moved, b"+PONG\r\n", "PING")
    number = moved.fileno()
    moved.close()
    # The number is free, and means nothing any more.
    a, b = socket.socketpair()
    if a.fileno() == number:
        b.send(b"x")
        assert a.recv(10) == b"x"
    s = connect()
    s.shutdown(socket.SHUT_RDWR)
    assert s.recv(10) == b""
    s.close()
    for _ in range(200):
        connect().close()


def case_closed_unseen():
    """Functions of the C library itself are not seen; the number means something else afterwards."""
    for name in ("close", "syscall"):
        direct = ctypes.CDLL("libc.so.6")
        close = {"close": direct.close, "syscall": lambda fd: ctypes.CDLL(None).syscall(3, fd)}[name]
        for warm in (True, False):
            s, e = connect(warm), select.epoll()
            e.register(s, select.EPOLLIN)
            if not warm:
                ask(s, b"+PONG\r\n", "PING")
            number = s.detach()
            assert close(number) == 0
            with open(PATH + ".file", "wb") as file:
                file.write(b"hello")
            opened = [os.open(PATH + ".file", os.O_RDWR)]
            while opened[-1] < number:
                opened.append(os.open(PATH + ".file", os.O_RDWR))
            fd = opened.pop()
            assert fd == number
            assert os.read(fd, 100) == b"hello"
            assert os.write(fd, command("PING")) == 14
            os.close(fd)
            assert os.path.getsize(PATH + ".file") == 19
            a, b = socket.socketpair()
            assert number in (a.fileno(), b.fileno())
            for other_fd in opened:
                os.close(other_fd)
            b.send(b"x")
            a.send(b"y")
            for end in (a, b):
                assert select.select([end], [], [], 10)[0] == [end]
                f = select.epoll()
                f.register(end, select.EPOLLIN)
                assert f.poll(10) == [(end.fileno(), select.EPOLLIN)]
            assert a.recv(10) == b"x" and b.recv(10) == b"y"
            again = connect()
            ask(again, b"+PONG\r\n", "PING")
    os.unlink(PATH + ".file")


def case_fork():
    s = connect()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            s.sendall(command("PING"))
        except ConnectionResetError:
            s.close()
            ask(connect(), b"+PONG\r\n", "PING")
            status = 0
        os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    ask(s, b"+PONG\r\n", "PING")
    # Programs that are started do not disturb it, and their closing does not either.
    for close_fds in (True, False):
        assert subprocess.run(["true"], close_fds=close_fds).returncode == 0
        ask(s, b"+PONG\r\n", "PING")
    # A connection that has not gone over yet may be used by the child.
    s = connect(warm=False)
    child = os.fork()
    if child == 0:
        ask(s, b"+PONG\r\n", "PING")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


class Interrupt(Exception):
    pass


def case_signals():
    def interrupt(number, frame):
        raise Interrupt

    signal.signal(signal.SIGALRM, interrupt)
    s = connect()
    p = select.poll()
    p.register(s, select.POLLIN)
    e = select.epoll()
    e.register(s, select.EPOLLIN)
    waits = [
        lambda: s.recv(1),
        lambda: p.poll(),
        lambda: e.poll(),
        lambda: select.select([s], [], []),
    ]
    for wait in waits:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        try:
            wait()
            raise AssertionError("nothing comes")
        except Interrupt:
            pass
    ask(s, b"+PONG\r\n", "PING")
    # A handler that returns: the wait goes on.
    signal.signal(signal.SIGALRM, lambda number, frame: None)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    waiting = later(0.4, "RPUSH", "list", "x")
    ask(s, b"*2\r\n$4\r\nlist\r\n$1\r\nx\r\n", "BLPOP", "list", "0")
    waiting.join()


def case_others_are_left_alone():
    path = PATH + ".other"
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path)
    server.listen()
    for exchanges in (
        [(b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n")] * 3,
        [(b"PING\n", b"+PONG\n")] * 3,
        [(b"\0\1\2\3", b"*3\r\n")] * 3,
        [(command("GET", "x"), b"\x05\0\0\0")] * 3,
        [(b"HELO\r\n", b"+OK\r\n")] * 3,
    ):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.connect(path)
        peer, _ = server.accept()
        for request, reply in exchanges:
            s.sendall(request)
            assert peer.recv(1000) == request
            peer.sendall(reply)
            assert s.recv(1000) == reply
        s.close()
        peer.close()
    # One that understands RESP and not the question.
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(path)
    peer, _ = server.accept()
    s.sendall(command("PING"))
    peer.recv(1000)
    peer.sendall(b"+PONG\r\n")
    s.recv(1000)
    s.setblocking(False)
    try:
        s.send(command("PING"))
        raise AssertionError("it was not asked")
    except BlockingIOError:
        pass
    assert peer.recv(1000).startswith(b"*2\r\n$8\r\nSHM.OPEN")
    assert select.select([], [s], [], 0.1)[1] == []
    peer.sendall(b"-ERR unknown command")
    assert select.select([], [s], [], 0.1)[1] == []
    peer.sendall(b" 'SHM.OPEN'\r\n")
    assert select.select([], [s], [], 10)[1] == [s]
    s.send(command("PING"))
    assert peer.recv(1000) == command("PING")
    peer.sendall(b"+PONG\r\n")
    assert select.select([s], [], [], 10)[0] == [s]
    assert s.recv(1000) == b"+PONG\r\n"
    os.unlink(path)


def case_a_killed_server():
    s, second, third = connect(), connect(), connect()
    s.sendall(command("INFO", "server"))
    info = bulk(s).decode()
    pid = int(info.split("process_id:")[1].split("\r\n")[0])
    s.sendall(command("BLPOP", "nothing", "0"))
    killer = threading.Timer(0.2, lambda: os.kill(pid, signal.SIGKILL))
    killer.start()
    killed = time.monotonic() + 0.2
    assert s.recv(100) == b""
    assert time.monotonic() - killed < 1
    assert select.select([second], [], [], 10)[0] == [second]
    assert second.recv(100) == b""
    selector = selectors.DefaultSelector()
    selector.register(third, selectors.EVENT_READ)
    assert selector.select(10)
    assert third.recv(100) == b""
    try:
        third.sendall(b"x" * 10)
        third.sendall(b"x" * 10)
        raise AssertionError("nobody is there")
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert time.monotonic() - killed < 5


def main():
    cases = sys.argv[2:] or [name[5:] for name in globals() if name.startswith("case_")]
    # Last, as it ends the server.
    cases.sort(key=lambda name: name == "a_killed_server")
    for name in cases:
        globals()["case_" + name]()
        print(name, "ok", flush=True)


main()
