#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""orrery-load as a user runs it: against Debian's mosquitto, straight, through a WebSocket bridge (mosquitto here has no
WebSocket), and through a relay that loses, doubles and swaps messages so that the checks are seen to find them; and
against orrery-broker.

ORRERY_LOAD_PROGRAM and ORRERY_BROKER_PROGRAM are the programs' paths (ctest sets them).
"""
import base64
import hashlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "live"))
import live  # noqa: E402

PROGRAM = os.environ["ORRERY_LOAD_PROGRAM"]
LIMIT_SECONDS = 100


def free_port():
    return live.free_ports(1)[0]


class Mosquitto:
    def __init__(self):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory()
        path = os.path.join(self.folder.name, "mosquitto.conf")
        with open(path, "w") as f:
            f.write(f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nlog_type none\n")
        self.process = subprocess.Popen(["mosquitto", "-c", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("mosquitto did not start")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.folder.cleanup()


class Relay:
    """Accepts connections on a port of its own and passes bytes on, both ways, through up() and down()."""

    def __init__(self, to_port):
        self.to_port = to_port
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        if not self.greet(client):
            client.close()
            return
        broker = socket.create_connection(("127.0.0.1", self.to_port))
        down = threading.Thread(target=self.copy, args=(broker, client, self.down()), daemon=True)
        down.start()
        self.copy(client, broker, self.up())
        down.join()
        client.close()
        broker.close()

    @staticmethod
    def copy(source, sink, transform):
        try:
            while data := source.recv(65536):
                sink.sendall(transform(data))
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def greet(self, client):
        return True

    def up(self):
        return lambda data: data

    def down(self):
        return lambda data: data

    def stop(self):
        self.listener.close()


class WebSocketBridge(Relay):
    GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    def greet(self, client):
        request = b""
        while b"\r\n\r\n" not in request:
            byte = client.recv(1)
            if not byte:
                return False  # orrery-load's look whether anyone listens
            request += byte
        lines = request.decode().split("\r\n")
        fields = {k.strip().lower(): v.strip() for k, v in (l.split(":", 1) for l in lines[1:] if l)}
        if lines[0] != "GET /mqtt HTTP/1.1":
            client.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return False
        proof = base64.b64encode(hashlib.sha1(fields["sec-websocket-key"].encode() + self.GUID).digest()).decode()
        client.sendall(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       f"Sec-WebSocket-Accept: {proof}\r\n"
                       f"Sec-WebSocket-Protocol: {fields['sec-websocket-protocol']}\r\n\r\n".encode())
        return True

    def up(self):
        kept = bytearray()

        def unframe(data):
            kept.extend(data)
            out = b""
            while len(kept) >= 6:
                assert kept[1] & 0x80, "a client must mask"
                size, header = kept[1] & 0x7F, 2
                if size == 126:
                    size, header = int.from_bytes(kept[2:4], "big"), 4
                if len(kept) < header + 4 + size:
                    break
                key, payload = kept[header:header + 4], kept[header + 4:header + 4 + size]
                if kept[0] & 0x0F in (0, 2):
                    out += bytes(b ^ key[i % 4] for i, b in enumerate(payload))
                del kept[:header + 4 + size]
            return out

        return unframe

    def down(self):
        def frame(data):
            out = b""
            for at in range(0, len(data), 60000):
                piece = data[at:at + 60000]
                size = bytes([len(piece)]) if len(piece) < 126 else b"\x7e" + len(piece).to_bytes(2, "big")
                out += b"\x82" + size + piece
            return out

        return frame


class Spoiler(Relay):
    """Of the messages to each subscriber: loses the 5th, doubles the 7th, and swaps the 9th and 10th."""

    def down(self):
        kept = bytearray()
        state = {"publishes": 0, "held": b""}

        def spoil(data):
            kept.extend(data)
            out = b""
            while True:
                size, at = 0, 1
                while at < len(kept) and kept[at] & 0x80:
                    size |= (kept[at] & 0x7F) << 7 * (at - 1)
                    at += 1
                if at >= len(kept):
                    return out
                end = at + 1 + (size | kept[at] << 7 * (at - 1))
                if end > len(kept):
                    return out
                packet = bytes(kept[:end])
                del kept[:end]
                if packet[0] >> 4 != 3:
                    out += packet
                    continue
                state["publishes"] += 1
                n = state["publishes"]
                if n == 9:
                    state["held"] = packet
                elif n != 5:
                    out += packet * (2 if n == 7 else 1) + state["held"]
                    state["held"] = b""

        return spoil


def check_schema(value, schema, root, path="report"):
    """The part of JSON Schema that the file uses."""
    if "$ref" in schema:
        return check_schema(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, path)
    if "const" in schema:
        assert value == schema["const"], path
    if "enum" in schema:
        assert value in schema["enum"], path
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
    if "type" in schema:
        assert isinstance(value, kinds[schema["type"]]), path
    if "minimum" in schema:
        assert value >= schema["minimum"], path
    for key in schema.get("required", []):
        assert key in value, f"{path}.{key} is missing"
    if isinstance(value, dict):
        others = schema.get("additionalProperties", True)
        for key, member in value.items():
            inner = schema.get("properties", {}).get(key, others)
            assert inner is not False, f"{path}.{key} is not in the schema"
            if isinstance(inner, dict):
                check_schema(member, inner, root, f"{path}.{key}")
    if isinstance(value, list):
        for i, member in enumerate(value):
            check_schema(member, schema["items"], root, f"{path}[{i}]")


def finish(process):
    out, err = process.communicate(timeout=LIMIT_SECONDS)
    return process.returncode, out, err


class LoadCase(live.LiveTest):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.json = os.path.join(folder.name, "report.json")

    def start(self, *arguments, **keywords):
        process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, **keywords)

        def end():
            process.kill()
            process.communicate()

        self.addCleanup(end)
        return process

    def report(self, process, code=0):
        returned, out, err = finish(process)
        self.assertEqual(returned, code, out + err)
        with open(self.json) as f:
            report = json.load(f)
        with open(os.path.join(ROOT, "schema", "load-report.schema.json")) as f:
            schema = json.load(f)
        check_schema(report, schema, schema)
        self.assertEqual(report["exit_code"], code)
        return report

    def pair(self, port, *arguments, code=0):
        return self.report(self.start("pair", "-p", port, "-c", 5, "-R", 500, "-I", 20, "-L", 203, "--json", self.json,
                                      *arguments), code)

    def check_complete(self, report, received=203):
        messages = report["messages"]
        sent = received if report["command"]["mode"] == "pair" else 0
        self.assertEqual(report["connections"]["connected"], report["connections"]["wanted"])
        self.assertEqual([messages[k] for k in ("sent", "received", "lost", "duplicated", "reordered", "foreign")],
                         [sent, received, 0, 0, 0, 0])
        self.assertEqual(report["latency_us"]["count"], received)
        self.assertEqual(sum(s["received"] for s in report["seconds"]), received)
        self.assertEqual(sum(s["latency_us"]["count"] for s in report["seconds"]), received)
        # On one clock a message cannot arrive before its time, and the run did not take minutes.
        self.assertLess(report["latency_us"]["max"], LIMIT_SECONDS * 1_000_000)

    def check_every_qos_and_version(self, port, *arguments):
        for qos, version in ((0, 3), (1, 5), (2, 4), (2, 5)):
            with self.subTest(qos=qos, version=version):
                report = self.pair(port, "-q", qos, "-V", version, "-F", 4, *arguments)
                self.check_complete(report)
                self.assertEqual(report["messages"]["acknowledged"], 203 if qos else 0)


class MosquittoLoadTest(LoadCase):
    def setUp(self):
        super().setUp()
        self.broker = Mosquitto()
        self.addCleanup(self.broker.stop)

    def test_pair_at_every_qos_and_version(self):
        self.check_every_qos_and_version(self.broker.port)

    def test_pair_with_threads_and_source_addresses(self):
        self.check_complete(self.pair(self.broker.port, "--threads", 2, "--ifaddr", "127.0.0.2-127.0.0.4", "-q", 1))

    def test_pair_over_websocket(self):
        bridge = WebSocketBridge(self.broker.port)
        self.addCleanup(bridge.stop)
        for version in (3, 5):
            with self.subTest(version=version):
                self.check_complete(self.pair(bridge.port, "--ws", "-q", 1, "-V", version, "-s", 700))

    def test_websocket_upgrade_refused(self):
        bridge = WebSocketBridge(self.broker.port)
        self.addCleanup(bridge.stop)
        report = self.pair(bridge.port, "--ws", "--path", "/other", code=1)
        self.assertEqual(report["connections"]["refused"], 10)
        self.assertEqual(report["connections"]["failures"], {"WebSocket upgrade refused with HTTP status 404": 10})

    def test_loss_duplicates_and_order_are_found(self):
        spoiler = Spoiler(self.broker.port)
        self.addCleanup(spoiler.stop)
        messages = self.pair(spoiler.port, "-V", 4, code=1)["messages"]
        self.assertEqual([messages[k] for k in ("sent", "received", "lost", "duplicated", "reordered")], [203, 198, 5, 5, 5])

    def test_pub_and_sub_are_two_processes(self):
        sub = self.start("sub", "-p", self.broker.port, "-c", 2, "-t", "x/#", "-q", 1, "-L", 120, "--json", self.json)
        self.assertIn("orrery-load sub", sub.stdout.readline())
        while int(sub.stdout.readline().split()[1].replace("connected", "0")) < 2:  # until both are subscribed
            pass
        code, out, err = finish(self.start("pub", "-p", self.broker.port, "-c", 3, "-t", "x/%i", "-q", 1, "-I", 10, "-L", 60))
        self.assertEqual(code, 0, out + err)
        self.assertIn("sent 60  acknowledged 60", out)
        self.check_complete(self.report(sub), 120)

    def test_foreign_messages_are_doubted(self):
        sub = self.start("sub", "-p", self.broker.port, "-c", 1, "-t", "y", "--duration", 600, "--json", self.json)
        sub.stdout.readline(), sub.stdout.readline()
        while int(sub.stdout.readline().split()[1]) < 1:
            pass
        subprocess.run(["mosquitto_pub", "-p", str(self.broker.port), "-t", "y", "-m", "not ours", "-q", "1"], check=True)
        time.sleep(0.3)
        sub.send_signal(signal.SIGINT)
        report = self.report(sub)
        self.assertEqual(report["messages"]["foreign"], 1)
        self.assertTrue(report["interrupted"])
        self.assertEqual(len(report["doubts"]), 1)

    def test_broker_goes_away(self):
        process = self.start("conn", "-p", self.broker.port, "-c", 20, "-R", 1000, "--json", self.json)
        process.stdout.readline(), process.stdout.readline()
        while int(process.stdout.readline().split()[1]) < 20:
            pass
        self.broker.process.terminate()
        connections = self.report(process, 1)["connections"]
        self.assertEqual((connections["connected"], connections["lost"]), (20, 20))

    def test_what_cannot_start_is_said_in_a_sentence(self):
        def low_limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))

        for arguments, keywords, sentence in (
                (("conn", "-p", free_port()), {}, "connection refused"),
                (("conn", "-h", "no-such-host.invalid"), {}, "cannot find the host no-such-host.invalid"),
                (("conn", "-p", self.broker.port, "-c", 500), {"preexec_fn": low_limit},
                 "500 connections need 564 open files, but the limit is 100; raise it with: ulimit -n 564"),
                (("conn", "-c", 3_000_000), {}, "need"),
                (("conn", "--no-such-option"), {}, "--no-such-option"),
                (("conn", "-p", self.broker.port, "--json", "/no/such/folder/x"), {}, "cannot write")):
            with self.subTest(arguments=arguments):
                code, out, err = finish(self.start(*arguments, **keywords))
                self.assertEqual((code, out), (2, ""), err)
                self.assertIn(sentence, err)
                self.assertEqual(len(err.splitlines()), 1)


class OrreryLoadTest(LoadCase):
    def test_pair_over_tcp(self):
        self.check_every_qos_and_version(self.broker().tcp)

    def test_pair_over_websocket(self):
        self.check_every_qos_and_version(self.broker().ws, "--ws")

    def test_large_messages_over_websocket(self):
        report = self.pair(self.broker().ws, "--ws", "-q", 1, "-s", 100_000, "-F", 3, "--threads", 2)
        self.check_complete(report)

    def test_websocket_path_that_is_not_served(self):
        report = self.pair(self.broker().ws, "--ws", "--path", "/other", code=1)
        self.assertEqual(report["connections"]["failures"], {"WebSocket upgrade refused with HTTP status 404": 10})


if __name__ == "__main__":
    unittest.main(verbosity=2)
