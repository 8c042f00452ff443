# SPDX-License-Identifier: Apache-2.0
"""Bytes that are not MQTT, or too much of it: the connection is closed as the standard says, and others do not notice."""
import base64
import random
import socket
import struct
import unittest

from live import HOST, PATIENCE, LiveTest, wait_for

CONNECT_5 = bytes.fromhex("100f00044d5154540502003c000002") + b"ab"
CONNECT_311 = bytes.fromhex("100e00044d5154540402003c0002") + b"ab"


def upgrade(path="/mqtt", protocol="mqtt"):
    key = base64.b64encode(b"0123456789abcdef").decode()
    return (f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n").encode()


def frame(payload, opcode=2, mask=b"\x01\x02\x03\x04"):
    head = bytes([0x80 | opcode])
    size = len(payload)
    bit = 0x80 if mask else 0
    head += bytes([bit | size]) if size < 126 else bytes([bit | 126]) + struct.pack(">H", size)
    if not mask:
        return head + payload
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


class BadInputTest(LiveTest):
    def setUp(self):
        self.b = self.broker("node.shards=2", "mqtt.idle_timeout=1s", "mqtt.max_packet_size=64KB")
        self.witness = self.subscribe(self.b, "-t", "witness", "-q", 1)

    def tearDown(self):
        self.publish(self.b, "witness", "alive", "-q", 1)
        self.assertEqual(self.messages(self.witness, 1), ["witness 1 0 alive"])

    def connect(self, port):
        client = socket.create_connection((HOST, port), timeout=PATIENCE)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.addCleanup(client.close)
        return client

    def until_closed(self, client):
        """Everything that comes before the end of the connection."""
        got = b""
        try:
            while True:
                part = client.recv(65536)
                if not part:
                    return got
                got += part
        except ConnectionResetError:
            return got

    def read(self, client, size):
        got = b""
        while len(got) < size:
            part = client.recv(size - len(got))
            self.assertTrue(part, f"closed after {got!r}")
            got += part
        return got

    def open_ws(self):
        client = self.connect(self.b.ws)
        client.sendall(upgrade())
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.read(client, 1)
        self.assertTrue(got.startswith(b"HTTP/1.1 101 "), got)
        return client

    def test_garbage(self):
        draw = random.Random(7)
        for port in (self.b.tcp, self.b.ws):
            clients = []
            for _ in range(60):
                client = self.connect(port)
                try:
                    client.sendall(draw.randbytes(draw.randrange(1, 400)))
                except ConnectionError:
                    pass
                clients.append(client)
            for client in clients:
                self.until_closed(client)

    def test_what_is_wrong_after_connect(self):
        # a reserved packet type, a second CONNECT, QoS 3, SUBSCRIBE without its flag, a filter that is not UTF-8
        wrong = (b"\xf7\x00", CONNECT_5, b"\x36\x06\x00\x01a\x00\x01\x00", b"\x80\x07\x00\x01\x00\x00\x01a\x00",
                 b"\x82\x08\x00\x01\x00\x00\x02\xff\xfe\x00")
        for packet in wrong:
            client = self.connect(self.b.tcp)
            client.sendall(CONNECT_5)
            self.read(client, self.read(client, 2)[1])
            client.sendall(packet)
            got = self.until_closed(client)
            self.assertEqual(got[:1], b"\xe0", packet)  # DISCONNECT
            self.assertGreaterEqual(got[2], 0x80, packet)
            client = self.connect(self.b.tcp)
            client.sendall(CONNECT_311 + packet)
            self.assertEqual(self.until_closed(client), b"\x20\x02\x00\x00", packet)

    def test_a_packet_above_the_maximum_is_refused_by_its_length(self):
        client = self.connect(self.b.tcp)
        client.sendall(CONNECT_5)
        self.read(client, self.read(client, 2)[1])
        client.sendall(b"\x30" + bytes([0x80, 0x80, 0x40]))
        got = self.until_closed(client)
        self.assertEqual((got[0], got[2]), (0xE0, 0x95), got)

    def test_silence_before_connect_is_ended(self):
        clients = [self.connect(self.b.tcp), self.connect(self.b.ws), self.open_ws()]
        clients[0].sendall(CONNECT_5[:7])
        for client in clients:
            self.until_closed(client)

    def test_frames_that_are_not_allowed(self):
        # unmasked, reserved opcode, text, a control frame of 126 bytes, a reserved bit
        bad = [frame(CONNECT_5, mask=None), frame(CONNECT_5, opcode=3), frame(CONNECT_5, opcode=1),
               frame(bytes(126), opcode=9), bytes([0xC2]) + frame(CONNECT_5)[1:]]
        for data, code in zip(bad, (1002, 1002, 1003, 1002, 1002)):
            client = self.open_ws()
            client.sendall(data)
            got = self.until_closed(client)
            self.assertEqual(got[:1] + got[2:4], b"\x88" + struct.pack(">H", code), (data[:16], got))

    def test_requests_that_are_not_an_upgrade(self):
        for request in (b"GET /mqtt HTTP/1.1\r\nHost: x\r\n\r\n", b"POST / HTTP/1.0\r\n\r\n", upgrade(path="/elsewhere"),
                        b"GET /mqtt HTTP/1.1\r\n" + b"X-Long: " + b"a" * 70_000 + b"\r\n\r\n"):
            client = self.connect(self.b.ws)
            try:
                client.sendall(request)
            except ConnectionError:
                pass
            self.assertNotIn(b"101 Switching", self.until_closed(client))

    def test_one_packet_in_many_frames_and_many_in_one(self):
        client = self.open_ws()
        for byte in CONNECT_311:
            client.sendall(frame(bytes([byte])))
        self.assertEqual(self.read(client, 6), b"\x82\x04\x20\x02\x00\x00")
        client.sendall(frame(b"\xc0\x00" * 3))
        expected = b"\xd0\x00" * 3
        got = b""
        while got.count(b"\xd0\x00") < 3:
            got += self.read(client, 1)
        self.assertEqual(got.replace(b"\x82\x02", b"").replace(b"\x82\x06", b""), expected)

    def test_hundreds_of_half_open_connections_do_no_harm(self):
        clients = [self.connect(self.b.tcp if i % 2 else self.b.ws) for i in range(300)]
        self.publish(self.b, "elsewhere", "m", "-q", 1)
        for client in clients:
            client.close()
        wait_for(lambda: self.b.child.poll() is None, "the broker lives")


if __name__ == "__main__":
    unittest.main()
