"""Servers for the tests, and what the tests have in common."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

#: The server's program; the tests cannot run without it.
PROGRAM = os.environ.get("REDPOLL_SERVER", "redpoll-server")

#: How long anything may take. Far longer than it ever does.
PATIENCE = 60


class Server:
    """A server in a directory of its own, with a Unix socket and a TCP port."""

    def __init__(self, *settings):
        self.directory = tempfile.mkdtemp(prefix="redpoll-py-")
        self.socket = os.path.join(self.directory, "s")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        log = open(os.path.join(self.directory, "log"), "w+b")
        command = [PROGRAM, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        command += ["--unixsocket", self.socket, *settings]
        self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.directory)
        log.close()
        deadline = time.monotonic() + PATIENCE
        while not os.path.exists(self.socket):
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(os.path.join(self.directory, "log")) as said:
                    raise RuntimeError(f"the server does not start: {said.read()}")
            time.sleep(0.005)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


class WithServer(unittest.TestCase):
    """Tests that share a server, which is emptied for each."""

    settings = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.settings)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()


def eventually(condition, what):
    """Waits until it holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for: {what}")
        time.sleep(0.005)
