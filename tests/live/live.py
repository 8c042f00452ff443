# SPDX-License-Identifier: Apache-2.0
"""What the live tests share: brokers as processes on free ports, and mosquitto's clients with a deadline.

A test gets the program's path in ORRERY_BROKER_PROGRAM (ctest sets it). Every process started here is stopped by its own
id when its test ends, and everything has a time limit.
"""
import os
import random
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

PROGRAM = os.environ.get("ORRERY_BROKER_PROGRAM",
                         os.path.join(os.path.dirname(__file__), "../../build/release/bin/orrery-broker"))
PATIENCE = 30.0  # seconds that anything may take on a busy machine before it counts as failed
HOST = "127.0.0.1"


def wait_for(condition, what, limit=PATIENCE):
    """Asks `condition` until it is true; returns what it said."""
    end = time.monotonic() + limit
    pause = 0.001
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit} s: {what}")
        time.sleep(pause)
        pause = min(2 * pause, 0.05)


def free_ports(count):
    """Neighbouring ports on the loopback that were free a moment ago, from below the range that the kernel gives to outgoing
    connections, so that none of those can take them before the broker does."""
    while True:
        first = random.SystemRandom().randrange(10000, 32000 - count)
        held = [socket.socket() for _ in range(count)]
        try:
            for i, s in enumerate(held):
                s.bind((HOST, first + i))
            return list(range(first, first + count))
        except OSError:
            continue
        finally:
            for s in held:
                s.close()


class Process:
    """A child whose output is collected line by line."""

    def __init__(self, arguments, env=None):
        self.arguments = arguments
        self.child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      text=True, errors="replace", env=env)
        self.out, self.err = [], []
        self.readers = [threading.Thread(target=self._read, args=(pipe, lines), daemon=True)
                        for pipe, lines in ((self.child.stdout, self.out), (self.child.stderr, self.err))]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def _read(pipe, lines):
        for line in pipe:
            lines.append(line.rstrip("\n"))
        pipe.close()

    def wait(self, limit=PATIENCE):
        """The exit code; all output has been read then."""
        try:
            code = self.child.wait(limit)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not end within {limit} s: {' '.join(self.arguments)}\n{self.text()}") from None
        for reader in self.readers:
            reader.join(PATIENCE)
        return code

    def text(self):
        return "\n".join(self.out + self.err)

    def signal(self, number):
        self.child.send_signal(number)

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        for reader in self.readers:
            reader.join(PATIENCE)


class Broker(Process):
    """orrery-broker with TCP and WebSocket listeners and the admin's HTTP on ports that the kernel chose."""

    def __init__(self, *sets, config=None):
        arguments = [PROGRAM]
        if config is not None:
            arguments += ["--config", config]
        for value in (f"listeners.tcp.default.bind={HOST}:0", f"listeners.ws.default.bind={HOST}:0",
                      f"admin.bind={HOST}:0") + sets:
            arguments += ["--set", value]
        super().__init__(arguments)
        line = wait_for(self._listening, "the broker listens")
        self.tcp = int(re.search(r"tcp [\d.]+:(\d+)", line).group(1))
        self.ws = int(re.search(r"ws [\d.]+:(\d+)", line).group(1))
        http = re.search(r"http [\d.]+:(\d+)", line)
        self.http = int(http.group(1)) if http else None

    def _listening(self):
        if self.child.poll() is not None:
            raise AssertionError(f"the broker ended with {self.child.returncode}:\n{self.text()}")
        return next((line for line in self.err if "listening on" in line), None)

    def log_has(self, text):
        return any(text in line for line in self.err)


class LiveTest(unittest.TestCase):
    """A test that owns processes; they are gone when it ends."""

    def broker(self, *sets, config=None):
        broker = Broker(*sets, config=config)
        self.addCleanup(self._end_broker, broker)
        return broker

    def _end_broker(self, broker):
        died = broker.child.poll()
        broker.kill()
        if died is not None and died < 0 and not getattr(broker, "expected_death", False):
            self.fail(f"the broker died of signal {-died}:\n{broker.text()}")

    def process(self, *arguments):
        process = Process([str(a) for a in arguments])
        self.addCleanup(process.kill)
        return process

    def run_program(self, *arguments):
        process = self.process(*arguments)
        return process.wait(), "\n".join(process.out), "\n".join(process.err)

    def file(self, text):
        handle, path = tempfile.mkstemp(suffix=".json")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        self.addCleanup(os.unlink, path)
        return path

    # mosquitto's clients

    def publish(self, broker, topic, message, *options):
        process = self.process("mosquitto_pub", "-h", HOST, "-p", broker.tcp, "-t", topic, "-m", message, *options)
        self.assertEqual(process.wait(), 0, process.text())

    def subscribe(self, broker, *options):
        """A mosquitto_sub whose subscription is in force. Messages are its lines that begin with "> "."""
        process = self.process("stdbuf", "-oL", "mosquitto_sub", "-h", HOST, "-p", broker.tcp, "-d", "-F", "> %t %q %r %p",
                               *options)
        wait_for(lambda: any(line.startswith("Subscribed") for line in process.out) or process.child.poll() is not None,
                 "mosquitto_sub is subscribed")
        return process

    def messages(self, process, count, limit=PATIENCE):
        """Waits for so many messages and returns them, as "topic qos retain payload"."""
        got = lambda: [line[2:] for line in process.out if line.startswith("> ")]
        wait_for(lambda: len(got()) >= count, f"{count} messages at {' '.join(process.arguments)}: {process.text()}", limit)
        return got()


def terminate(broker):
    broker.signal(signal.SIGTERM)
    return broker.wait()
