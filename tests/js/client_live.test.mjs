// The client library against a live server with scripted engines; tests/web/test_client.py runs it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AvatarClient, OVR15 } from "../../voice_avatar/web/client/avatar_client.mjs";
import { ToneMicrophone, VoidSpeaker, Wire, event, sleep } from "./fake_edges.mjs";

const PORT = Number(process.env.VOICE_AVATAR_PORT);
const NO_CHANCE = 0.5;

async function talking(run, options = {}) {
  const wire = await Wire.to(PORT);
  const loudspeaker = new VoidSpeaker();
  const microphone = new ToneMicrophone();
  const client = new AvatarClient({
    url: `ws://127.0.0.1:${wire.port}/v1/avatar`,
    loudspeaker,
    microphone,
    sockets: { dial: (url, protocols) => new WebSocket(url, protocols), chance: () => NO_CHANCE },
    ...options,
  });
  const seen = [];
  client.addEventListener("sent", ({ detail }) => seen.push(detail.type));
  try {
    const ready = event(client, "session.ready");
    await client.start();
    await ready;
    await run({ client, loudspeaker, microphone, wire, seen });
  } finally {
    await client.stop();
    wire.close();
  }
}

// Samples what is shown, every 10 ms, until the promise is settled.
async function watch(client, until) {
  const frames = [];
  const timer = setInterval(() => frames.push(client.sample()), 10);
  try {
    await until;
  } finally {
    clearInterval(timer);
  }
  return frames;
}

test("a spoken turn: heard, answered, played, with mouth and captions in time", () =>
  talking(async ({ client, microphone }) => {
    const heard = event(client, "transcript.final");
    const latency = event(client, "latency");
    const done = event(client, "reply.done");
    const reports = [];
    client.addEventListener("playback", ({ detail }) => reports.push(detail));
    microphone.speak(1200);
    const frames = await watch(client, done);
    assert.match((await heard).text, /^One two three/);
    const { status, spoken_text: spoken, played_samples: played } = await done;
    assert.equal(status, "completed");
    await sleep(300); // the server may know some milliseconds before the client that all was played
    assert.equal(reports[0].state, "started");
    assert.equal(reports.at(-1).state, "finished");
    assert.equal(reports.at(-1).played_samples, played);
    const counts = reports.map((report) => report.played_samples);
    assert.deepEqual(counts, [...counts].sort((a, b) => a - b));
    const speaking = frames.filter((frame) => frame.isSpeaking);
    assert.ok(speaking.length > 3); // as many as the machine had time for
    assert.ok(speaking.every((frame) => frame.mouth.source === "visemes"));
    const shapes = new Set(speaking.flatMap((frame) => [...frame.mouth.weights.keys()]));
    assert.ok(shapes.size > 3 && [...shapes].every((index) => index < OVR15.length));
    const times = speaking.map((frame) => frame.replyMs);
    assert.deepEqual(times, [...times].sort((a, b) => a - b));
    const starts = speaking.flatMap(({ captions: { word } }) => (word ? [word.from] : []));
    assert.ok(starts.length > 0);
    assert.deepEqual(starts, [...starts].sort((a, b) => a - b));
    const marked = speaking.flatMap(({ captions: { text, word } }) =>
      word ? [text.slice(word.from, word.to)] : [],
    );
    assert.ok(marked.every((word) => spoken.split(" ").includes(word)));
    assert.ok((await latency).voice_to_voice_ms > 0);
    await sleep(1000);
    assert.equal(client.sample().isSpeaking, false);
  }));

test("a typed turn, with the whole face as curves", () =>
  talking(
    async ({ client }) => {
      const done = event(client, "reply.done");
      assert.ok(client.sendText("Hello"));
      const frames = await watch(client, done);
      const jaws = frames.filter((frame) => frame.arkit).map((frame) => frame.arkit[17]);
      assert.ok(jaws.length > 3);
      assert.ok(Math.max(...jaws) > 0.05);
      await sleep(1200);
      assert.ok(Math.max(...(client.sample().arkit ?? [0])) < 0.01);
    },
    { faceHz: 60 },
  ));

// Nothing more is to be heard, however long one listens.
async function silent(loudspeaker) {
  await sleep(400);
  const { soundS } = loudspeaker;
  await sleep(200);
  assert.equal(loudspeaker.soundS, soundS);
}

test("stop silences, closes the mouth and strikes what was not heard", () =>
  talking(async ({ client, loudspeaker }) => {
    const started = event(client, "playback", ({ state }) => state === "started");
    client.sendText("Tell me a long story");
    await started;
    await sleep(700);
    const interrupted = event(client, "reply.interrupted");
    client.interrupt();
    await interrupted;
    await silent(loudspeaker);
    const frame = client.sample();
    assert.equal([...frame.mouth.weights.values()].filter((weight) => weight > 0).length, 0);
    assert.deepEqual(frame.gestures, []);
    assert.ok(frame.captions.struckFrom > 0);
    assert.equal(frame.captions.text.slice(0, frame.captions.struckFrom), (await interrupted).spoken_text);
  }));

test("speaking over the avatar interrupts it, with a pause before", () =>
  talking(async ({ client, loudspeaker, microphone }) => {
    const started = event(client, "playback", ({ state }) => state === "started");
    client.sendText("Tell me a long story");
    await started;
    await sleep(600);
    const over = event(client, "reply.interrupted");
    microphone.speak(1500);
    const again = event(client, "reply.started");
    const { reason, reply_id: cut } = await over;
    assert.equal(reason, "voice");
    assert.ok((await again).reply_id > cut);
  }));

test("push to talk: only what is said while the button is down is a turn", () =>
  talking(async ({ client, microphone }) => {
    client.usePressToTalk(true);
    await event(client, "session.updated", ({ settings }) => settings.endpointing === "manual");
    let isHeard = false;
    client.addEventListener("input.speech_started", () => (isHeard = true));
    microphone.speak(400);
    await sleep(600);
    assert.equal(isHeard, false);
    const ended = event(client, "turn.ended");
    client.pressToTalk(true);
    microphone.speak(800);
    await sleep(900);
    client.pressToTalk(false);
    assert.equal((await ended).reason, "ptt");
  }));

test("a muted microphone sends nothing", () =>
  talking(async ({ client, microphone }) => {
    client.mute(true);
    let isHeard = false;
    client.addEventListener("input.speech_started", () => (isHeard = true));
    microphone.speak(500);
    await sleep(700);
    assert.equal(isHeard, false);
    client.mute(false);
    const heard = event(client, "input.speech_started");
    microphone.speak(500);
    await heard;
  }));

test("another language, and another session", () =>
  talking(async ({ client }) => {
    const updated = event(client, "session.updated");
    client.update({ language: "zh" });
    assert.equal((await updated).settings.language, "zh");
    assert.equal(client.session.settings.language, "zh");
    const first = client.session.session_id;
    const ready = event(client, "session.ready");
    client.restart({ language: "en" });
    assert.notEqual((await ready).session_id, first);
    const done = event(client, "reply.done");
    client.sendText("Hello");
    assert.equal((await done).status, "completed");
  }));

// One typed turn; returns how many seconds of sound came out of it.
async function listened(client, loudspeaker, meanwhile) {
  const before = loudspeaker.soundS;
  const started = event(client, "playback", ({ state }) => state === "started");
  const finished = event(client, "playback", ({ state }) => state === "finished");
  const done = event(client, "reply.done");
  client.sendText("Tell me a story");
  await started;
  await meanwhile();
  const [{ played_samples: played }, { status, played_samples: counted }] = [await finished, await done];
  assert.deepEqual([status, counted], ["completed", played]);
  return loudspeaker.soundS - before;
}

test("a connection that is cut comes back", () =>
  talking(async ({ client, wire }) => {
    const first = client.session;
    const back = event(client, first.resume ? "session.resumed" : "session.ready");
    const states = [];
    client.addEventListener("connection", ({ detail }) => states.push(detail));
    wire.cut();
    await back;
    assert.deepEqual(states.map(({ state }) => state), ["waiting", "connecting", "greeting", "live"]);
    assert.equal(states[0].code, 1006);
    assert.equal(states[0].isResuming, first.resume !== null);
  }));

test("a reply goes on over a cut, without a hole and without a repeat", (t) =>
  talking(async ({ client, wire, loudspeaker }) => {
    if (!client.session.resume) return t.skip("this server keeps no sessions");
    const whole = await listened(client, loudspeaker, () => {});
    const cut = await listened(client, loudspeaker, async () => {
      await sleep(300);
      const back = event(client, "session.resumed");
      wire.cut();
      await back;
    });
    assert.ok(Math.abs(cut - whole) < 0.03, `${cut} s in place of ${whole} s`);
    assert.equal(client.sample().captions.struckFrom, null);
  }));

test("what is said during a cut is heard", (t) =>
  talking(async ({ client, wire, microphone }) => {
    if (!client.session.resume) return t.skip("this server keeps no sessions");
    const gaps = [];
    client.addEventListener("warning", ({ detail }) => gaps.push(detail.code));
    const heard = event(client, "transcript.final");
    microphone.speak(1600);
    await sleep(700);
    wire.cut();
    assert.equal((await heard).text, "One two three four.");
    assert.ok(!gaps.includes("input_gap"));
  }));
