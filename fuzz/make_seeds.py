#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seed corpora of the MQTT targets: fuzz/corpus/{mqtt_decode,mqtt_stream,utf8_topic}.

The packets are the transcripts of broker/mqtt/testdata, so that the fuzzers start where the tests are. Run it from the root of the
repository after those change; files that a fuzzer found, named otherwise, are left alone.
"""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
VERSIONS = {"5": 0, "4": 1, "3": 2}  # mqtt_decode_fuzz.cc: first byte modulo 3


def variable(value):
    out = bytearray()
    while True:
        out.append(value % 128 | (128 if value >= 128 else 0))
        value //= 128
        if value == 0:
            return bytes(out)


def parse(text):
    """The language of broker/mqtt/packet_text.h."""
    stack = [bytearray()]
    for token in re.findall(r"'[^']*'|\"[^\"]*\"|[\[\]]|[0-9a-f]{2}", text):
        if token[0] == '"':
            content = token[1:-1].encode()
            stack[-1] += len(content).to_bytes(2, "big") + content
        elif token[0] == "'":
            stack[-1] += token[1:-1].encode()
        elif token == "[":
            stack.append(bytearray())
        elif token == "]":
            inner = stack.pop()
            stack[-1] += variable(len(inner)) + inner
        else:
            stack[-1].append(int(token, 16))
    return bytes(stack[0])


def inputs():
    for path in sorted((ROOT / "broker/mqtt/testdata").glob("*.txt")):
        for line in path.read_text().splitlines():
            match = re.match(r"([345]) (client|server): ?(.*)$", line)
            if match:
                yield path.stem, match[1], match[2], parse(match[3])


def frames(stream):
    """First byte and body of the first packet; the body as far as it is there."""
    length = 1
    while length < len(stream) and stream[length] >= 128:
        length += 1
    return stream[:1], stream[length + 1:]


def write(folder, name, content):
    path = ROOT / "fuzz/corpus" / folder / f"seed_{name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def main():
    for number, (stem, version, sender, stream) in enumerate(inputs()):
        if not stream:
            continue
        first, body = frames(stream)
        # 0x81 is 0 modulo 3: the sender's bit, and the same versions.
        options = VERSIONS[version] + (0x81 if sender == "server" else 0)
        write("mqtt_decode", f"{stem}_{number:03}", bytes([options]) + first + body)
        if stem == "framing":
            write("mqtt_stream", f"{number:03}", bytes([number % 8, number]) + stream)
    everything = b"".join(stream for stem, _, _, stream in inputs() if stem in ("publish", "other"))
    write("mqtt_stream", "long", b"\x02\x07" + everything)

    texts = ["a/b\na/b", "+/b\na/b", "#\na/b/c", "a/#\na", "$SYS/#\n$SYS/x", "+\n$x", "/+\n/finance", "$share/g/a/+\na/b",
             "$share//a\na", "$share/g\ng", "a+\na", "a/#/b\na", "é/€/\U0001f30c\né/€/\U0001f30c", "longer/than/eight/bytes/#\nlonger/than"]
    for number, text in enumerate(texts):
        write("utf8_topic", f"{number:02}", text.encode())
    for number, raw in enumerate([b"\xc0\x80\n", b"\xed\xa0\x80\n", b"\xf4\x90\x80\x80\n", b"a\0b\na", b"\xf0\x80\x80\x80\n", b"\xef\xbb\xbf\n\xff"]):
        write("utf8_topic", f"wrong_{number}", raw)


main()
