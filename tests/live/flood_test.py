# SPDX-License-Identifier: Apache-2.0
"""Clients that ask without end and never read: the broker stops reading them long before memory hurts, and serves others.

Judged by the broker's memory, not by time. When the flooder reads at last, every answer comes.
"""
import select
import socket
import unittest

from bad_input_test import upgrade
from live import HOST, PATIENCE, LiveTest

MOST_MEMORY = 16 * 1024 * 1024
ENOUGH = 200 * 1024 * 1024  # a broker that took so much from a client that never reads does not hold it back
HELD_UP = 2.0  # seconds without a byte taken: the flooder is held up
PIECE = 64 * 1024

PINGREQ, PINGRESP = b"\xc0\x00", b"\xd0\x00"
PUBLISH = b"\x32\x07\x00\x01t\x00\x07\x00x"
WS_PING = b"\x89\xfd\x00\x00\x00\x00" + b"x" * 125


def connect_packet(client_id):
    body = b"\x00\x04MQTT\x05\x02\x00\x00\x00" + len(client_id).to_bytes(2, "big") + client_id
    return b"\x10" + bytes([len(body)]) + body


class FloodTest(LiveTest):
    def setUp(self):
        self.b = self.broker("node.shards=2", "mqtt.idle_timeout=120s")
        self.other = self.connect(self.b.tcp, connect_packet(b"other"))
        self.before = self.memory()

    def memory(self):
        with open(f"/proc/{self.b.child.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))

    def connect(self, port, first):
        client = socket.create_connection((HOST, port), timeout=PATIENCE)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.addCleanup(client.close)
        client.sendall(first)
        self.assertTrue(client.recv(4096))
        return client

    def flood(self, client, question, answer_size):
        data = question * (PIECE // len(question))
        client.setblocking(False)
        sent = 0
        most = self.before
        while sent < ENOUGH and select.select([], [client], [], HELD_UP)[1]:
            sent += client.send(data[sent % len(data):])
            most = max(most, self.memory())
        self.assertLess(most - self.before, MOST_MEMORY, f"after {sent} bytes")
        self.assertLess(sent, ENOUGH, "the flooder was never held up")
        self.other.sendall(PINGREQ)
        self.assertEqual(self.other.recv(2), PINGRESP)
        # It reads at last: an answer for each question that went out whole, and nothing is lost.
        client.settimeout(PATIENCE)
        due = sent // len(question) * answer_size
        while due > 0:
            part = client.recv(1 << 20)
            self.assertTrue(part, f"the end, and {due} bytes are missing")
            due -= len(part)
        self.assertEqual(due, 0)
        self.assertLess(self.memory() - self.before, MOST_MEMORY)

    def test_pings_over_websocket_before_connect(self):
        self.flood(self.connect(self.b.ws, upgrade()), WS_PING, 127)

    def test_pings_after_connect(self):
        self.flood(self.connect(self.b.tcp, connect_packet(b"flooder")), PINGREQ, 2)

    def test_publishes_of_qos_1(self):
        self.flood(self.connect(self.b.tcp, connect_packet(b"flooder")), PUBLISH, 5)


if __name__ == "__main__":
    unittest.main()
