# SPDX-License-Identifier: Apache-2.0
"""paho-mqtt for Python over WebSocket and TCP, MQTT 3.1.1 and 5.0: what mosquitto's command line cannot show, such as
properties, session present, reason codes and takeover."""
import threading
import unittest

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from live import HOST, LiveTest, wait_for


class Client:
    """A paho client on a thread of its own that notes what happens."""

    def __init__(self, test, port, client_id, version, websocket, clean=True, properties=None, will=None, keepalive=60):
        kwargs = {} if version == paho.MQTTv5 else {"clean_session": clean}
        self.c = paho.Client(client_id=client_id, protocol=version, transport="websockets" if websocket else "tcp", **kwargs)
        if websocket:
            self.c.ws_set_options(path="/mqtt")
        self.lock = threading.Lock()
        self.messages, self.connected, self.disconnected, self.subscribed = [], [], [], []
        self.c.on_message = lambda c, u, m: self._note(self.messages, m)
        self.c.on_subscribe = lambda c, u, mid, granted, *rest: self._note(self.subscribed, granted)
        if version == paho.MQTTv5:
            self.c.on_connect = lambda c, u, flags, reason, properties: self._note(self.connected, (flags, reason, properties))
            self.c.on_disconnect = lambda c, u, reason, properties=None: self._note(self.disconnected, reason)
        else:
            self.c.on_connect = lambda c, u, flags, code: self._note(self.connected, (flags, code, None))
            self.c.on_disconnect = lambda c, u, code: self._note(self.disconnected, code)
        self.c.reconnect_delay_set(120, 120)
        if will:
            self.c.will_set(*will)
        options = {"clean_start": clean, "properties": properties} if version == paho.MQTTv5 else {}
        self.c.connect(HOST, port, keepalive=keepalive, **options)
        self.c.loop_start()
        test.addCleanup(self.stop)
        wait_for(lambda: self.connected, f"{client_id} is connected")

    def _note(self, where, what):
        with self.lock:
            where.append(what)

    def subscribe(self, *arguments, **options):
        before = len(self.subscribed)
        self.c.subscribe(*arguments, **options)
        return wait_for(lambda: len(self.subscribed) > before and self.subscribed[-1], "SUBACK")

    def publish(self, topic, payload, qos=1, retain=False, properties=None):
        options = {"properties": properties} if properties else {}
        info = self.c.publish(topic, payload, qos, retain, **options)
        wait_for(info.is_published, f"the acknowledgement of {topic}")

    def publish_all(self, topic, payloads, qos):
        infos = [self.c.publish(topic, payload, qos) for payload in payloads]
        wait_for(lambda: all(info.is_published() for info in infos), f"the acknowledgements of {topic}")

    def payloads(self, count):
        wait_for(lambda: len(self.messages) >= count, f"{count} messages")
        return [m.payload.decode() for m in self.messages]

    def stop(self):
        self.c.disconnect()
        self.c.loop_stop()


def connect_properties(**values):
    properties = Properties(PacketTypes.CONNECT)
    for name, value in values.items():
        setattr(properties, name, value)
    return properties


class PahoTest(LiveTest):
    def setUp(self):
        self.b = self.broker("node.shards=2")

    def client(self, client_id, version=paho.MQTTv5, websocket=True, **options):
        return Client(self, self.b.ws if websocket else self.b.tcp, client_id, version, websocket, **options)

    def test_each_qos_over_each_transport(self):
        for version in (paho.MQTTv311, paho.MQTTv5):
            for websocket in (True, False):
                name = f"{version}-{websocket}"
                sub = self.client("sub-" + name, version, websocket)
                pub = self.client("pub-" + name, version, not websocket)
                for qos in (0, 1, 2):
                    sub.subscribe(f"{name}/{qos}", qos)
                    pub.publish_all(f"{name}/{qos}", [f"{qos}-{i}" for i in range(50)], qos)
                    self.assertEqual(sub.payloads(50 * (qos + 1))[50 * qos:], [f"{qos}-{i}" for i in range(50)])
                self.assertEqual({m.qos for m in sub.messages}, {0, 1, 2})
                sub.stop()
                pub.stop()

    def test_large_messages_over_websocket(self):
        sub, pub = self.client("sub"), self.client("pub")
        sub.subscribe("large", 1)
        for size in (125, 126, 65535, 65536, 500_000):
            pub.publish("large", "x" * size)
        self.assertEqual([len(p) for p in sub.payloads(5)], [125, 126, 65535, 65536, 500_000])

    def test_properties_pass_through(self):
        sub, pub = self.client("sub"), self.client("pub")
        sub.subscribe("props", options=paho.SubscribeOptions(qos=1))
        properties = Properties(PacketTypes.PUBLISH)
        properties.UserProperty = [("a", "1"), ("a", "2")]
        properties.ContentType = "text/plain"
        properties.ResponseTopic = "reply/here"
        properties.CorrelationData = b"\x00\x01"
        properties.PayloadFormatIndicator = 1
        pub.publish("props", "m", properties=properties)
        sub.payloads(1)
        got = sub.messages[0].properties
        self.assertEqual(got.UserProperty, [("a", "1"), ("a", "2")])
        self.assertEqual((got.ContentType, got.ResponseTopic, got.CorrelationData), ("text/plain", "reply/here", b"\x00\x01"))
        self.assertEqual(got.PayloadFormatIndicator, 1)

    def test_subscription_options(self):
        one = self.client("one")
        one.publish("options/kept", "retained", retain=True)
        one.subscribe("options/#", options=paho.SubscribeOptions(qos=1, noLocal=True, retainHandling=2))
        other = self.client("other")
        one.publish("options/x", "own")
        other.publish("options/x", "others'")
        self.assertEqual(one.payloads(1), ["others'"])

    def test_session_present_and_what_was_missed(self):
        for version in (paho.MQTTv311, paho.MQTTv5):
            options = {"properties": connect_properties(SessionExpiryInterval=600)} if version == paho.MQTTv5 else {}
            first = self.client(f"kept{version}", version, clean=False, **options)
            self.assertEqual(first.connected[0][0]["session present"], 0)
            first.subscribe(f"missed/{version}", 1)
            first.stop()
            pub = self.client(f"pub{version}", version)
            pub.publish_all(f"missed/{version}", [str(i) for i in range(20)], 1)
            second = self.client(f"kept{version}", version, clean=False, **options)
            self.assertEqual(second.connected[0][0]["session present"], 1)
            self.assertEqual(second.payloads(20), [str(i) for i in range(20)])
            second.stop()
            third = self.client(f"kept{version}", version, clean=True)
            self.assertEqual(third.connected[0][0]["session present"], 0)

    def test_takeover(self):
        first = self.client("same", websocket=True)
        second = self.client("same", websocket=False)
        wait_for(lambda: first.disconnected, "the first client is disconnected")
        self.assertEqual(getattr(first.disconnected[0], "value", first.disconnected[0]), 0x8E)
        second.subscribe("x", 1)
        second.publish("x", "still here")
        self.assertEqual(second.payloads(1), ["still here"])

    def test_an_empty_client_id_is_given_one(self):
        client = self.client("")
        self.assertTrue(client.connected[0][2].AssignedClientIdentifier)

    def test_keep_alive(self):
        watcher = self.client("watcher")
        watcher.subscribe("wills/#", 1)
        silent = self.client("silent", websocket=False, will=("wills/silent", "gone", 1, False), keepalive=1)
        silent.c.loop_stop()  # the connection stays open, and nothing is sent on it
        self.assertEqual(watcher.payloads(1), ["gone"])

    def test_several_filters_in_one_subscribe(self):
        client = self.client("c")
        granted = client.subscribe([("ok/a", paho.SubscribeOptions(qos=2)), ("ok/b", paho.SubscribeOptions(qos=0))])
        self.assertEqual([g.value for g in granted], [2, 0])


if __name__ == "__main__":
    unittest.main()
