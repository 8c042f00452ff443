#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seed corpus of peer_port_fuzz: fuzz/corpus/peer_port/seed_*.

Each seed is a list of steps in the language of peer_port_fuzz.cc, made from the layouts of docs/peer-protocol.md. Run it from
anywhere after those change; files that a fuzzer found, named otherwise, are left alone.
"""
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent / "corpus/peer_port"
CORE, REPLICANT, LANE_OF_REPLICANT, LANE_OF_CORE, DIALLED = range(5)
U64 = 2 ** 64 - 1


def u(size, value):
    return value.to_bytes(size, "big")


def text(value):
    return u(2, len(value)) + value.encode()


def blob(value):
    return u(4, len(value)) + value


def step(what, which=0):
    return bytes([which << 3 | what])


def control(link, kind, body, clock=None):
    """A frame of a control stream; with a clock of its own, or one that the target fills in."""
    if clock is not None:
        return step(1, link) + bytes([kind]) + u(2, len(body) + 8) + u(8, clock) + body
    return step(0, link) + bytes([kind]) + u(2, len(body)) + body


def lane(link, kind, body):
    return step(1, link) + bytes([kind]) + u(2, len(body)) + body


def position(owner, incarnation, sequence):
    return u(2, owner) + u(8, incarnation) + u(8, sequence)


def positions(*listed):
    return u(2, len(listed)) + b"".join(listed)


def route(operation, shard, filter_):
    return u(1, operation) + blob(u(2, shard) + filter_.encode("latin-1"))


def retained(stamp, writer, message):
    return u(1, 3) + blob(u(8, stamp) + u(2, writer) + message)


def entries(link, owner, first, *listed, incarnation=5, count=None):
    head = u(2, owner) + u(8, incarnation) + u(8, first) + u(4, len(listed) if count is None else count)
    return control(link, 36, head + b"".join(listed))


def message(topic, qos=1, payload=b"p", properties=b""):
    return u(1, qos) + u(8, 77) + text(topic) + blob(properties) + blob(payload)


def registrar(link, kind, frm, to, body, shard=0, incarnation=5, hops=0):
    return control(link, kind, u(2, frm) + u(2, to) + u(1, hops) + u(2, shard) + u(8, incarnation) + body)


def publish(client=0, topic=0, qos=1, retain=False):
    return step(4, client) + bytes([topic | qos << 2 | (8 if retain else 0)])


def seconds(power=10):
    return step(3, power)


HEARTBEAT = control(CORE, 32, u(8, 7) + positions(position(0, 5, 0), position(1, 3, 0)))
SESSION = (u(1, 2) + u(2, 2) + u(2, 0) + u(8, 0) + u(2, 9) + u(4, 1) + u(1, 1) + u(4, 0) + text("a/+") + u(4, 1) + u(2, 4)
           + u(4, 1) + u(4, 1) + u(1, 1) + u(2, 0) + u(2, 0) + message("a/b"))

SEEDS = {
    "routes": HEARTBEAT + entries(CORE, 0, 1, route(1, 0, "a/b"), route(1, 0, "$share/g/a/b"), route(1, 0, "$share/g/a/b\0\2"))
    + publish() + entries(CORE, 0, 4, route(2, 0, "a/b"), route(2, 0, "$share/g/a/b")) + publish(1),
    "replicant": control(REPLICANT, 33, u(1, 1) + positions()) + entries(REPLICANT, 2, 1, route(1, 1, "a/+"))
    + step(6) + publish() + lane(DIALLED, 18, u(8, 0)) + lane(DIALLED, 18, u(8, 1)) + control(REPLICANT, 34, b""),
    "retained": entries(CORE, 0, 1, retained(9, 0, message("r")), retained(10, 0, message("r", payload=b"")))
    + publish(0, 3, 1, True) + step(4, 1) + bytes([0x12]),
    "copy": control(CORE, 38, u(1, 0) + position(2, 5, 100000)) + control(CORE, 39, u(2, 2) + route(1, 1, "a/b"))
    + control(CORE, 40, u(1, 0) + position(2, 5, 100000)) + publish(),
    "copy_retained": control(CORE, 38, u(1, 1) + position(0, 0, 1)) + control(CORE, 39, u(2, 1) + retained(9, 1, message("r")))
    + control(CORE, 40, u(1, 1) + position(0, 0, 1)),
    "have": control(CORE, 35, u(1, 3) + positions(position(1, 3, 0), position(2, 5, 8))) + publish(0, 0, 1, True) + seconds(),
    "ack": control(CORE, 37, position(1, 3, 1)) + seconds(),
    "lanes": lane(LANE_OF_REPLICANT, 16, u(8, 1)) + lane(LANE_OF_REPLICANT, 17, u(1, 1) + u(8, 1) + b"\0" + message("a/b"))
    + lane(LANE_OF_REPLICANT, 17, u(1, 0) + u(8, 2) + b"\1\0" + text("$share/g/a/+") + message("a/b"))
    + lane(LANE_OF_CORE, 16, u(8, 1)) + lane(LANE_OF_CORE, 17, u(1, 1) + u(8, 1) + b"\2" + u(8, 64) + text("two")),
    "claim": HEARTBEAT + b"".join(registrar(CORE, 48, 0, 1, u(8, 1) + u(1, 0) + text(i)) for i in ("one", "two", "q1", "q2"))
    + registrar(CORE, 53, 0, 1, u(8, 65) + text("q1")) + seconds(12),
    "hold": HEARTBEAT + b"".join(registrar(CORE, 54, 0, 1, u(8, 64000) + text(i)) for i in ("one", "two"))
    + registrar(CORE, 55, 0, 1, u(8, 3)) + seconds(13),
    "yield": HEARTBEAT + registrar(CORE, 51, 0, 1, u(8, 640000) + u(1, 0) + text("one")) + publish(1)
    + lane(LANE_OF_REPLICANT, 16, u(8, 1))
    + lane(LANE_OF_REPLICANT, 17, u(1, 1) + u(8, 1) + b"\2" + u(8, 64) + text("one")),
    "grant": HEARTBEAT + step(4, 0) + b"\x20" + step(4, 0) + b"\x30" + b"".join(
        registrar(CORE, 49, 0, 1, u(8, n << 32) + u(8, 6400) + u(1, 1) + text("one") + blob(SESSION), incarnation=3)
        for n in range(1, 4)) + lane(LANE_OF_REPLICANT, 16, u(8, 1))
    + lane(LANE_OF_REPLICANT, 17, u(1, 1) + u(8, 1) + b"\3" + text("one") + blob(SESSION[-(4 + 4 + 5 + len(message("a/b"))):])),
    "refused": HEARTBEAT + registrar(CORE, 50, 0, 1, u(8, 1 << 32) + text("one"), incarnation=3),
    "yielded": HEARTBEAT + registrar(CORE, 52, 0, 1, u(8, 64) + u(1, 1) + text("one") + blob(SESSION)),
    "passed_on": registrar(REPLICANT, 48, 2, 0, u(8, 1) + u(1, 0) + text("q"), hops=3)
    + registrar(REPLICANT, 48, 2, 0, u(8, 1) + u(1, 0) + text("q"), hops=255),
    "gone_and_back": HEARTBEAT + publish() + step(5, CORE) + seconds(14) + seconds(15) + HEARTBEAT + publish(),
    # Each of these once ended a core, or could have.
    "shard_out_of_range": entries(CORE, 0, 1, route(1, 65535, "a/b")) + publish(),
    "wildcard_inside": entries(CORE, 0, 1, route(1, 0, "a/#/b"), route(2, 0, "a/#/b")) + publish(),
    "member_number": entries(CORE, 0, 1, route(1, 0, "a\0\2"), route(1, 0, "$share/g/a\0\1"), route(2, 0, "$share/g/a\0\xff")),
    "clock_at_its_end": control(CORE, 32, u(8, 7) + positions(), clock=2 ** 56) + step(4, 0) + b"\x20" + step(4, 0) + b"\x30",
    "sequence_at_its_end": entries(CORE, 0, U64, route(1, 0, "a")) + control(CORE, 38, u(1, 0) + position(2, 5, U64))
    + control(CORE, 40, u(1, 0) + position(2, 5, U64)) + control(REPLICANT, 33, u(1, 1) + positions()),
    "count_beyond": entries(CORE, 0, U64 - 1, *(route(1, 0, "a"),) * 4),
    "own_position_ahead": control(CORE, 35, u(1, 0) + positions(position(1, 3, 2 ** 40))) + publish(0, 0, 1, True),
    "epoch_at_its_end": registrar(CORE, 54, 0, 1, u(8, U64) + text("one")) + registrar(CORE, 51, 0, 1, u(8, U64) + u(1, 0) + text("one")),
    "stamp_at_its_end": entries(CORE, 0, 1, retained(U64, 65535, message("r"))) + publish(0, 3, 1, True),
    "retained_wildcard": entries(CORE, 0, 1, retained(9, 0, message("r/#"))) + entries(CORE, 0, 2, retained(9, 0, message(""))),
    "lane_base_at_its_end": lane(LANE_OF_REPLICANT, 16, u(8, U64)) + lane(LANE_OF_REPLICANT, 17, u(1, 1) + u(8, U64) + b"\0" + message("a")),
    "lane_kind_of_a_shard": lane(LANE_OF_REPLICANT, 16, u(8, 1)) + lane(LANE_OF_REPLICANT, 17, u(1, 1) + u(8, 1) + b"\6" + u(8, 1) + b"\0" + text("q")),
    "session_filter": HEARTBEAT + step(4, 0) + b"\x20" + step(4, 0) + b"\x30" + registrar(
        CORE, 49, 0, 1, u(8, 1 << 32) + u(8, 6400) + u(1, 1) + text("one") + blob(SESSION.replace(text("a/+"), text("#/b"))), incarnation=3),
    "export_from_nowhere": HEARTBEAT + step(4, 0) + b"\x20" + step(4, 0) + b"\x30" + registrar(
        CORE, 49, 0, 1, u(8, 2 << 32) + u(8, 6400) + u(1, 1) + text("one") + blob(SESSION[:1] + u(2, 9) + u(2, 9) + SESSION[5:]),
        incarnation=3),
    "raw": step(2, CORE) + u(1, 8) + u(4, 0x7fffffff) + b"abcd",
}


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in SEEDS.items():
        (FOLDER / f"seed_{name}").write_bytes(content)


if __name__ == "__main__":
    main()
