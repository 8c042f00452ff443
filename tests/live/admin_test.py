# SPDX-License-Identifier: Apache-2.0
"""What a broker says of itself to programs that are not ours: /status, /metrics and EMQX's page over HTTP, the $SYS tree
to mosquitto's client, three nodes scraped by Prometheus; and requests that nobody should send."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

from live import HOST, PATIENCE, LiveTest, free_ports, wait_for

PAGES = ("/metrics", "/api/v5/prometheus/stats")


def get(port, path, method="GET"):
    """Status, headers and body."""
    request = urllib.request.Request(f"http://{HOST}:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


def samples(page):
    """Values by whole name."""
    lines = [line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#")]
    return {name: int(value) for name, value in lines}


class AdminTest(LiveTest):
    def test_the_pages_of_a_broker_with_shards(self):
        b = self.broker("node.shards=2")
        subs = [self.subscribe(b, "-t", "t", "-q", 1, "-i", f"s{i}") for i in range(4)]
        self.publish(b, "t", "12345", "-q", 1)
        for sub in subs:
            self.messages(sub, 1)
        status, headers, body = get(b.http, "/status")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))
        self.assertEqual(json.loads(body)["status"], "running")
        self.assertEqual(json.loads(body)["node"], "n1")
        status, headers, body = get(b.http, "/metrics")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        metrics = samples(body)
        self.assertEqual(metrics["mqtt_sessions_connected"], 4)
        self.assertEqual(metrics['mqtt_packets_received_total{type="publish",qos="1"}'], 1)
        self.assertEqual(metrics['mqtt_packets_sent_total{type="publish",qos="1"}'], 4)
        self.assertEqual(metrics["mqtt_payload_bytes_sent_total"], 20)
        self.assertEqual((metrics["orrery_shards"], metrics["orrery_shards_answered"]), (2, 2))
        emqx = samples(get(b.http, PAGES[1])[2])
        self.assertEqual(emqx["emqx_connections_count"], 4)
        self.assertEqual(emqx["emqx_messages_qos1_received"], 1)
        self.assertEqual(emqx["emqx_subscriptions_count"], 4)

    def test_promtool_has_nothing_to_say_but_about_emqxs_names(self):
        b = self.broker()
        for page in PAGES:
            found = subprocess.run(["promtool", "check", "metrics"], input=get(b.http, page)[2], text=True,
                                   capture_output=True, timeout=PATIENCE, check=False)
            lines = (found.stdout + found.stderr).splitlines()
            if page == "/metrics":
                self.assertEqual((found.returncode, lines), (0, []))
                continue
            # EMQX's names, which dashboards read, are not those that Prometheus would choose. Nothing else may be said.
            self.assertTrue(lines)
            for line in lines:
                self.assertRegex(line, r'^emqx_\w+ (?:counter metrics should have "_total" suffix'
                                       r'|non-histogram and non-summary metrics should not have "_count" suffix)$')

    def test_the_sys_tree(self):
        b = self.broker("mqtt.sys_interval=1s")
        sub = self.subscribe(b, "-t", "$SYS/#", "-q", 1)
        wait_for(lambda: any("$SYS/broker/load/connections/15min" in line for line in sub.out), "the whole tree")
        retained = [re.match(r"> (\$SYS/.*) (\d) (\d) (.*)$", line) for line in sub.out if line.startswith("> ")]
        names = {m.group(1) for m in retained if m}
        for name in ("clients/connected", "clients/total", "messages/received", "bytes/sent", "load/messages/sent/5min"):
            self.assertIn("$SYS/broker/" + name, names)
        version = next(line for line in sub.out if line.startswith("> $SYS/broker/version"))
        self.assertRegex(version, r"^> \$SYS/broker/version 0 1 orrery version \d+\.\d+\.\d+$")
        # A payload of two words and a topic with a space, told apart by what they are.
        self.assertTrue(any(re.match(r"> \$SYS/broker/uptime 0 [01] \d+ seconds$", line) for line in sub.out))
        self.assertTrue(any(line.startswith("> $SYS/broker/retained messages/count 0 1 ") for line in sub.out))
        uptimes = lambda: len([line for line in sub.out if line.startswith("> $SYS/broker/uptime 0 0 ")])
        wait_for(lambda: uptimes() >= 2, "two more intervals")
        self.assertFalse(any(line.startswith("> $SYS/broker/version 0 0 ") for line in sub.out), "it does not change")

    def test_clients_cannot_write_the_sys_tree(self):
        b = self.broker("mqtt.sys_interval=0s")
        sub = self.subscribe(b, "-t", "$SYS/#", "-t", "end", "-q", 1)
        for version in ("311", "5"):
            self.process("mosquitto_pub", "-h", HOST, "-p", b.tcp, "-t", "$SYS/broker/uptime", "-m", "lies", "-r",
                         "-q", 1, "-V", version).wait()
        self.publish(b, "end", "of it", "-q", 1)
        self.assertEqual(self.messages(sub, 1), ["end 1 0 of it"])
        self.assertEqual(samples(get(b.http, "/metrics")[2])['mqtt_messages_dropped_total{reason="not_authorized"}'], 2)
        self.assertEqual(samples(get(b.http, "/metrics")[2])["mqtt_retained"], 0)


class AdminBadInputTest(LiveTest):
    def setUp(self):
        self.b = self.broker("node.shards=2")
        self.witness = self.subscribe(self.b, "-t", "witness", "-q", 1)

    def tearDown(self):
        self.publish(self.b, "witness", "alive", "-q", 1)
        self.assertEqual(self.messages(self.witness, 1), ["witness 1 0 alive"])
        self.assertEqual(get(self.b.http, "/status")[0], 200)

    def talk(self, data, shut=True):
        """Everything that is answered until the other side ends the connection, or has nothing to say any more."""
        with socket.create_connection((HOST, self.b.http), timeout=PATIENCE) as client:
            try:
                client.sendall(data)
                if shut:
                    client.shutdown(socket.SHUT_WR)
                got = b""
                while part := client.recv(65536):
                    got += part
                return got.decode()
            except (ConnectionResetError, BrokenPipeError):
                return ""

    def test_requests_that_are_none(self):
        host = b" HTTP/1.1\r\nHost: a\r\n\r\n"
        for status, request in (
                (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), (400, b"GET / HTTP/1.1\nHost: a\n\n"),
                (400, b"GET /status HTTP/1.1\r\n\r\n"), (400, b"GET /\x00" + host), (400, bytes(range(256)) * 40),
                (400, b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02ab"),
                (404, b"GET /nothing" + host), (405, b"DELETE /metrics" + host), (414, b"GET /" + b"x" * 3000 + host),
                (431, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 9000), (414, b"GET /" + b"x" * 100000),
                (413, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"),
                (411, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
                (417, b"GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n"), (505, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n")):
            answer = self.talk(request, shut=False) if status not in (404, 405) else self.talk(request)
            head, _, body = answer.partition("\r\n\r\n")
            self.assertTrue(head.startswith(f"HTTP/1.1 {status} "), f"{request[:60]}: {answer}")
            self.assertEqual(sorted(json.loads(body)), ["code", "message"], request[:60])

    def test_an_endless_request_is_answered_and_thrown_away(self):
        before = self._memory()
        with socket.create_connection((HOST, self.b.http), timeout=PATIENCE) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
            try:
                for _ in range(500):
                    client.sendall(b"X: y\r\n" * 10000)
            except (ConnectionResetError, BrokenPipeError):
                pass
            self.assertTrue(client.recv(65536).startswith(b"HTTP/1.1 431 "))
        self.assertLess(self._memory() - before, 8 * 1024 * 1024)

    def test_a_flood_of_requests_whose_answers_nobody_takes(self):
        before = self._memory()
        clients = [socket.create_connection((HOST, self.b.http), timeout=PATIENCE) for _ in range(30)]
        for client in clients:
            self.addCleanup(client.close)
            client.setblocking(False)
        request = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 500
        taken = 0
        for _ in range(200):
            for client in clients:
                try:
                    taken += client.send(request)
                except (BlockingIOError, ConnectionResetError, BrokenPipeError):
                    pass
        self.assertGreater(taken, 0)
        self.publish(self.b, "other", "x", "-q", 1)
        self.assertLess(self._memory() - before, 32 * 1024 * 1024)

    def _memory(self):
        with open(f"/proc/{self.b.child.pid}/status", encoding="utf-8") as file:
            return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1)) * 1024

    def test_too_many_connections(self):
        clients = [socket.create_connection((HOST, self.b.http), timeout=PATIENCE) for _ in range(33)]
        for client in clients:
            self.addCleanup(client.close)
        self.assertTrue(clients[-1].recv(65536).startswith(b"HTTP/1.1 503 "))
        for client in clients:
            client.close()
        wait_for(lambda: get(self.b.http, "/status")[0] == 200, "room again")


class AdminClusterTest(LiveTest):
    def setUp(self):
        peers = free_ports(3)
        members = [{"name": name, "role": role, "peer": f"{HOST}:{port}", "shards": 1}
                   for (name, role), port in zip((("c1", "core"), ("r1", "replicant"), ("r2", "replicant")), peers)]
        self.nodes = {m["name"]: self.broker(config=self.file(json.dumps({"node": {"name": m["name"]},
                                                                           "cluster": {"members": members}})))
                      for m in members}
        for node in self.nodes.values():
            wait_for(lambda: get(node.http, "/status")[0] == 200, "the node takes clients")

    def test_status_follows_the_core(self):
        self.nodes["c1"].expected_death = True
        self.nodes["c1"].kill()
        wait_for(lambda: get(self.nodes["r1"].http, "/status")[0] == 503, "r1 says that it takes nobody")
        answer = json.loads(get(self.nodes["r1"].http, "/status")[2])
        self.assertEqual(answer["code"], "SERVICE_UNAVAILABLE")
        self.assertIn("not attached to any core", answer["message"])

    def test_prometheus_scrapes_all_three(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder, True)
        port = free_ports(1)[0]
        targets = [f"{HOST}:{node.http}" for node in self.nodes.values()]
        jobs = [{"job_name": name, "metrics_path": path, "static_configs": [{"targets": targets}]}
                for name, path in zip(("ours", "emqx"), PAGES)]
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:  # JSON is YAML
            json.dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}, file)
        sub = self.subscribe(self.nodes["r1"], "-t", "across", "-q", 1)
        wait_for(lambda: self.publish(self.nodes["r2"], "across", "x", "-q", 1) or
                 any(line.startswith("> ") for line in sub.out), "a message across nodes")
        prometheus = self.process("prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                                  f"--web.listen-address={HOST}:{port}")

        def query(text):
            """Values by instance; empty until there are some."""
            try:
                status, _, body = get(port, "/api/v1/query?" + urllib.parse.urlencode({"query": text}))
            except OSError:
                self.assertIsNone(prometheus.child.poll(), prometheus.text())
                return {}
            if status != 200:
                return {}
            return {r["metric"].get("instance", ""): float(r["value"][1]) for r in json.loads(body)["data"]["result"]}

        for job in ("ours", "emqx"):
            up = f'up{{job="{job}"}} == 1 and on(instance, job) count_over_time(up{{job="{job}"}}[1m]) >= 3'
            values = wait_for(lambda: (v := query(up)) and len(v) == 3 and v, f"three rounds of {job}")
            self.assertEqual(set(values), set(targets))
        received = wait_for(lambda: query('sum(mqtt_packets_received_total{type="publish",qos="1"})'), "a sum")
        self.assertGreaterEqual(received[""], 1)
        connected = query("mqtt_sessions_connected")
        self.assertEqual(connected[targets[1]], 1)
        self.assertEqual(query("emqx_connections_count")[targets[1]], 1)
        self.assertEqual(query("orrery_takes_clients"), {target: 1 for target in targets})
        prometheus.signal(signal.SIGTERM)
        prometheus.wait()


if __name__ == "__main__":
    unittest.main()
