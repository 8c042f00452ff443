# SPDX-License-Identifier: Apache-2.0
"""One core and two replicants as three processes: messages, retained messages, sessions and client ids across nodes, and
what goes on without the core."""
import json
import unittest

import paho.mqtt.client as paho

from live import HOST, Broker, LiveTest, free_ports, wait_for
from paho_test import Client, connect_properties


class ClusterTest(LiveTest):
    SHARDS = {"c1": 1, "r1": 1, "r2": 2}

    def setUp(self):
        self.ports = {}
        for name, shards in self.SHARDS.items():
            self.ports[name] = self._neighbours(shards)
        self.members = [{"name": name, "role": "core" if name[0] == "c" else "replicant",
                         "peer": f"{HOST}:{self.ports[name]}", "shards": shards} for name, shards in self.SHARDS.items()]
        self.nodes = {name: self.node(name) for name in self.SHARDS}
        self.number = 0
        self.settle("r1", "r2")
        self.settle("r2", "r1")

    def _neighbours(self, count):
        taken = {p + i for n, p in self.ports.items() for i in range(self.SHARDS[n])}
        while True:
            ports = free_ports(count)
            if not taken & set(ports):
                return ports[0]

    def node(self, name):
        config = self.file(json.dumps({"node": {"name": name}, "cluster": {"members": self.members}}))
        return self.broker(config=config)

    def client(self, node, client_id, websocket=True, **options):
        b = self.nodes[node]
        return Client(self, b.ws if websocket else b.tcp, client_id, paho.MQTTv5, websocket, **options)

    def settle(self, publisher, subscriber):
        """Until a message published at one node reaches a new subscriber at another."""
        self.number += 1
        topic = f"settle/{self.number}"
        sub, pub = self.client(subscriber, f"settle-sub-{self.number}"), self.client(publisher, f"settle-pub-{self.number}")
        sub.subscribe(topic, 0)

        def arrived():
            pub.publish(topic, "?", 0)
            return sub.messages
        wait_for(arrived, f"a message from {publisher} to {subscriber}")
        sub.stop()
        pub.stop()

    def until_it_arrives(self, pub, sub, topic):
        def arrived():
            pub.publish(topic, "first", 1)
            return sub.messages
        wait_for(arrived, f"a first message on {topic}")
        last = "after that"
        pub.publish(topic, last, 1)
        wait_for(lambda: sub.messages[-1].payload.decode() == last, "the last of the first messages")
        sub.messages.clear()

    def test_messages_in_both_directions(self):
        for publisher, subscriber in (("r1", "r2"), ("r2", "r1"), ("c1", "r1"), ("r1", "c1")):
            name = f"{publisher}-{subscriber}"
            sub, pub = self.client(subscriber, "sub-" + name), self.client(publisher, "pub-" + name, websocket=False)
            for qos, topic in enumerate((f"both/{name}/0", f"both/{name}/1", f"both/{name}/2")):
                sub.subscribe(topic, qos)
                self.until_it_arrives(pub, sub, topic)
                pub.publish_all(topic, [str(i) for i in range(100)], qos)
                self.assertEqual(sub.payloads(100), [str(i) for i in range(100)])
                sub.messages.clear()

    def test_wildcards_across_nodes(self):
        sub, pub = self.client("r2", "wild"), self.client("r1", "pub")
        sub.subscribe("wild/+/x", 1)
        self.until_it_arrives(pub, sub, "wild/0/x")
        for topic in ("wild/1/x", "wild/1/y", "wild/2/x"):
            pub.publish(topic, topic, 1)
        self.assertEqual(sub.payloads(2), ["wild/1/x", "wild/2/x"])

    def test_retained_across_nodes(self):
        pub = self.client("r1", "pub")
        pub.publish("kept/here", "value", 1, retain=True)

        def seen():
            sub = self.client("r2", "late")
            sub.subscribe("kept/#", 1)
            try:
                wait_for(lambda: sub.messages, "the retained message", 0.5)
            except AssertionError:
                sub.stop()
                return None
            return sub
        sub = wait_for(seen, "a retained message of another node")
        self.assertEqual((sub.messages[0].payload, sub.messages[0].retain), (b"value", True))

    def test_a_client_id_is_in_one_place(self):
        first = self.client("r1", "same")
        second = self.client("r2", "same")
        wait_for(lambda: first.disconnected, "the client at the first node is disconnected")
        self.assertEqual(getattr(first.disconnected[0], "value", first.disconnected[0]), 0x8E)
        second.subscribe("x", 1)
        second.publish("x", "here", 1)
        self.assertEqual(second.payloads(1), ["here"])

    def test_a_session_follows_its_client(self):
        keep = {"clean": False, "properties": connect_properties(SessionExpiryInterval=600)}
        first = self.client("r1", "mover", **keep)
        first.subscribe("moving", 1)
        second = self.client("r2", "mover", **keep)
        self.assertEqual(second.connected[0][0]["session present"], 1)
        pub = self.client("r1", "pub")
        self.until_it_arrives(pub, second, "moving")
        second.stop()
        pub.publish_all("moving", [str(i) for i in range(10)], 1)
        third = self.client("r1", "mover", **keep)
        self.assertEqual(third.connected[0][0]["session present"], 1)
        self.assertEqual(third.payloads(10), [str(i) for i in range(10)])

    def test_a_shared_subscription_over_nodes(self):
        members = [self.client(node, "member-" + node) for node in ("r1", "r2")]
        for member in members:
            member.subscribe("$share/g/work", 1)
        pub = self.client("c1", "pub")
        wait_for(lambda: pub.publish("work", "first", 1) or all(m.messages for m in members), "both members get messages")
        pub.publish_all("work", [str(i) for i in range(20)], 1)
        numbers = lambda: sorted(int(m.payload) for member in members for m in member.messages if m.payload != b"first")
        wait_for(lambda: len(numbers()) >= 20, "all messages of the group")
        self.assertEqual(numbers(), list(range(20)))

    def test_known_routes_work_without_the_core_and_new_ones_when_it_is_back(self):
        sub, pub = self.client("r2", "sub"), self.client("r1", "pub")
        sub.subscribe("before", 1)
        self.until_it_arrives(pub, sub, "before")
        self.nodes["c1"].kill()
        self.nodes["c1"].expected_death = True
        wait_for(lambda: self.nodes["r1"].log_has("member c1 is down"), "r1 notices")
        pub.publish_all("before", [str(i) for i in range(100)], 1)
        self.assertEqual(sub.payloads(100), [str(i) for i in range(100)])
        self.nodes["c1"] = self.node("c1")
        sub.messages.clear()
        sub.subscribe("after", 1)
        self.until_it_arrives(pub, sub, "after")

    def test_a_replicant_that_starts_again_leaves_no_old_routes(self):
        sub, pub = self.client("r2", "sub", clean=True), self.client("r1", "pub")
        sub.subscribe("gone", 1)
        self.until_it_arrives(pub, sub, "gone")
        self.nodes["r2"].kill()
        self.nodes["r2"].expected_death = True
        infos = [pub.c.publish("gone", str(i), 1) for i in range(10)]
        self.nodes["r2"] = self.node("r2")
        wait_for(lambda: all(info.is_published() for info in infos), "acknowledgements, though nobody takes the messages")
        self.settle("r1", "r2")


if __name__ == "__main__":
    unittest.main()
