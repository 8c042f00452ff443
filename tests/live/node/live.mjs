// SPDX-License-Identifier: Apache-2.0
// npm's mqtt against a broker: each URL given, MQTT 3.1.1 and 5.0, each QoS, in order; then a session that is resumed.
// Exit code 0 when everything arrived, otherwise 1 and a line that says what did not.
import mqtt from "mqtt";

const kPatience = 30_000;
const kMessages = 50;

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${kPatience} ms: ${what}`)), kPatience);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function connect(url, options) {
  return within(mqtt.connectAsync(url, { reconnectPeriod: 0, ...options }), `connected to ${url}`);
}

/** Collects payloads; `take(n)` waits for the next n. */
function inbox(client) {
  const got = [];
  let wake = () => {};
  client.on("message", (topic, payload) => {
    got.push(payload.toString());
    wake();
  });
  return async (count, what) => {
    while (got.length < count) await within(new Promise((resolve) => (wake = resolve)), what);
    return got.splice(0, count);
  };
}

function same(got, expected, what) {
  if (JSON.stringify(got) !== JSON.stringify(expected)) throw new Error(`${what}: got ${JSON.stringify(got)}`);
}

async function each_qos(from, to, protocolVersion) {
  const what = `${from} to ${to}, version ${protocolVersion}`;
  const sub = await connect(to, { protocolVersion });
  const pub = await connect(from, { protocolVersion });
  const take = inbox(sub);
  for (const qos of [0, 1, 2]) {
    const topic = `node/${protocolVersion}/${qos}`;
    await within(sub.subscribeAsync(topic, { qos }), `subscribed: ${what}`);
    const sent = Array.from({ length: kMessages }, (_, i) => `${qos}-${i}`);
    await within(Promise.all(sent.map((m) => pub.publishAsync(topic, m, { qos }))), `published: ${what}`);
    same(await take(kMessages, what), sent, what);
  }
  await Promise.all([sub.endAsync(), pub.endAsync()]);
}

async function resumed(url) {
  const options = {
    protocolVersion: 5,
    clientId: "node-kept",
    clean: false,
    properties: { sessionExpiryInterval: 600 },
  };
  const first = await connect(url, options);
  await within(first.subscribeAsync("node/kept", { qos: 1 }), "subscribed");
  await first.endAsync();
  const pub = await connect(url, { protocolVersion: 5 });
  for (let i = 0; i < 5; ++i) await within(pub.publishAsync("node/kept", String(i), { qos: 1 }), "published");
  const second = mqtt.connect(url, { reconnectPeriod: 0, ...options });
  const take = inbox(second);
  const connack = await within(new Promise((resolve) => second.on("connect", resolve)), "connected again");
  if (!connack.sessionPresent) throw new Error("the session was not kept");
  same(await take(5, "what was missed"), ["0", "1", "2", "3", "4"], "what was missed");
  await Promise.all([second.endAsync(), pub.endAsync()]);
}

try {
  const urls = process.argv.slice(2);
  for (const protocolVersion of [4, 5])
    for (const from of urls) for (const to of urls) await each_qos(from, to, protocolVersion);
  for (const url of urls) await resumed(url);
  console.log("everything arrived");
} catch (error) {
  console.log(error.message);
  process.exit(1);
}
