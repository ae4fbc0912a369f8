// The connection in the client library: its table, its shell on a false socket, microphone and button.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { AvatarClient } from "../../voice_avatar/web/client/avatar_client.mjs";
import { ClockSync } from "../../voice_avatar/web/client/session/clock.mjs";
import { waitMs } from "../../voice_avatar/web/client/session/close_codes.mjs";
import { Connection } from "../../voice_avatar/web/client/session/connection.mjs";
import { STATES, transition } from "../../voice_avatar/web/client/session/connection_table.mjs";
import { hello } from "../../voice_avatar/web/client/session/hello.mjs";
import { Talk } from "../../voice_avatar/web/client/session/talk.mjs";
import { TurnLatency } from "../../voice_avatar/web/client/session/turn_latency.mjs";
import { KIND, readAudio } from "../../voice_avatar/web/client/wire/frames.mjs";

const EVENTS = "open leave opened answered goaway lost refused due overdue".split(" ");

test("every state can be left by the user and is reached from the start", () => {
  const reached = new Set(["closed"]);
  for (let size = 0; size !== reached.size; ) {
    size = reached.size;
    for (const state of reached) {
      for (const event of EVENTS) {
        const next = transition(state, event);
        if (next) reached.add(next.to);
      }
    }
  }
  assert.deepEqual([...reached].sort(), [...STATES].sort());
  for (const state of STATES) {
    if (state !== "closed") assert.equal(transition(state, "leave").to, "closed", state);
  }
});

test("what is not in the table changes nothing", () => {
  assert.equal(transition("closed", "lost"), null);
  assert.equal(transition("live", "due"), null);
  assert.equal(transition("ended", "lost"), null);
});

test("waits double up to half a minute", () => {
  const waits = [0, 1, 2, 6, 40].map((failures) => waitMs(1006, failures, false, null));
  assert.deepEqual(waits, [500, 1000, 2000, 30000, 30000]);
  assert.equal(waitMs(1006, 0, true, null), 0);
  assert.equal(waitMs(1012, 0, false, 1234), 1234);
  assert.equal(waitMs(4001, 0, true, null), null);
});

// A socket that does nothing by itself.
class FalseSocket {
  readyState = 1;
  bufferedAmount = 0;
  sent = [];

  constructor(url, protocols) {
    Object.assign(this, { url, protocols });
  }

  send(data) {
    this.sent.push(typeof data === "string" ? JSON.parse(data) : data);
  }

  close(code) {
    this.readyState = 3;
    this.closedWith = code ?? null;
  }
}

function connected(reply = () => ({ do: "give_up" })) {
  const sockets = [];
  const states = [];
  const frames = [];
  const connection = new Connection(
    "ws://host/v1/avatar",
    {
      hello: (resume) => ({ type: "session.hello", resume }),
      frame: (data) => frames.push(data),
      closed: reply,
      changed: ({ state, waitMs: wait }) => states.push(wait ? `${state} ${wait}` : state),
    },
    {
      dial: (url, protocols) => {
        sockets.push(new FalseSocket(url, protocols));
        return sockets.at(-1);
      },
      chance: () => 0.75,
    },
  );
  return { connection, sockets, states, frames };
}

test("a connection greets, serves, and says goodbye", () => {
  const { connection, sockets, states, frames } = connected();
  connection.open();
  connection.open();
  assert.equal(sockets.length, 1);
  const [socket] = sockets;
  assert.deepEqual(socket.protocols, ["voice-avatar.v1"]);
  assert.equal(connection.send({ type: "x" }), false);
  socket.onopen();
  assert.deepEqual(socket.sent, [{ type: "session.hello", resume: null }]);
  socket.onmessage({ data: "{}" });
  socket.onmessage({ data: new ArrayBuffer(3) });
  assert.deepEqual([frames[0], frames[1].length], ["{}", 3]);
  connection.answered();
  assert.ok(connection.send({ type: "interrupt" }));
  connection.leave();
  assert.deepEqual(socket.sent.at(-1), { type: "session.close" });
  assert.equal(socket.closedWith, 1000);
  socket.onclose({ code: 1000 });
  assert.deepEqual(states, ["connecting", "greeting", "live", "closed"]);
});

test("a lost connection comes back after its wait, with a little chance, and resumes", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const resume = { session_id: "s", token: "t", last_seq: 3 };
    const replies = [{ do: "reconnect", after_ms: 1000, resume }, { do: "give_up" }];
    const { connection, sockets, states } = connected(() => replies.shift());
    connection.open();
    sockets[0].onopen();
    connection.answered();
    sockets[0].onclose({ code: 1006 });
    assert.equal(states.at(-1), "waiting 1100");
    mock.timers.tick(1099);
    assert.equal(sockets.length, 1);
    mock.timers.tick(1);
    assert.equal(sockets.length, 2);
    sockets[1].onopen();
    assert.deepEqual(sockets[1].sent[0].resume, resume);
    sockets[0].onmessage({ data: "late" }); // of a socket that is gone
    sockets[1].onclose({ code: 4001 });
    assert.equal(states.at(-1), "ended");
    connection.open();
    assert.equal(sockets.length, 3);
  } finally {
    mock.timers.reset();
  }
});

test("a server that does not answer in time is left and tried again", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const codes = [];
    const { connection, sockets, states } = connected((code) => {
      codes.push(code);
      return { do: "reconnect", after_ms: 500 };
    });
    connection.open();
    mock.timers.tick(10000);
    assert.equal(states.at(-1), "waiting 550");
    mock.timers.tick(550);
    sockets[1].onopen();
    mock.timers.tick(10000);
    assert.deepEqual(codes, [1006, 1006]);
    assert.equal(sockets[1].readyState, 3);
    connection.leave();
    mock.timers.tick(60000);
    assert.equal(sockets.length, 2);
  } finally {
    mock.timers.reset();
  }
});

test("audio that would come too late is left out", () => {
  const { connection, sockets } = connected();
  connection.open();
  sockets[0].onopen();
  connection.answered();
  assert.ok(connection.sendFrame(new Uint8Array(4)));
  sockets[0].bufferedAmount = 100000;
  assert.equal(connection.sendFrame(new Uint8Array(4)), false);
});

test("hello says what the client can do, and asks for what was wished", () => {
  const now = { isEchoCancelled: false, isPressToTalk: true, resume: null };
  const message = hello({ persona: "leo", faceHz: 60, token: "x" }, now);
  assert.deepEqual(message.auth, { token: "x" });
  assert.equal(message.persona, "leo");
  assert.equal(message.endpointing, "manual");
  const { aec, pause, face_hz, visemes } = message.capabilities;
  assert.deepEqual([aec, pause, face_hz, visemes], [false, true, 60, "ovr15"]);
  assert.deepEqual(message.audio_out.codecs, ["pcm16"]);
});

test("of many pings the quickest counts, of the last ones", () => {
  const clock = new ClockSync();
  assert.equal(clock.roundTripMs, null);
  clock.add([0, 1000, 1000, 40]);
  clock.add([100, 1105, 1105, 110]);
  assert.deepEqual([clock.roundTripMs, clock.offsetMs], [10, 1000]);
  for (let n = 0; n < 16; n += 1) clock.add([0, 500, 500, 60]);
  assert.equal(clock.roundTripMs, 60);
});

test("voice to voice is told once for each spoken turn", () => {
  const latency = new TurnLatency();
  latency.speechStopped(1000);
  latency.turnEnded(1, "semantic");
  latency.replyStarted(1, 1);
  assert.equal(latency.heard(1, 1500), 500);
  assert.equal(latency.heard(1, 1600), null);
  latency.speechStopped(2000);
  latency.turnEnded(2, "text");
  latency.replyStarted(2, 2);
  assert.equal(latency.heard(2, 2100), null);
  latency.speechStopped(3000);
  latency.replyStarted(3, 0); // a greeting
  assert.equal(latency.heard(3, 3100), null);
});

function speaking() {
  const edge = {
    level: 0.1,
    isEchoCancelled: true,
    start: async (_rate, onSamples) => (edge.hear = (nowMs) => onSamples(new Float32Array(320), nowMs)),
    stop: () => {},
  };
  const messages = [];
  const frames = [];
  const talk = new Talk(
    edge,
    (message) => messages.push(message) > 0,
    (frame) => frames.push(readAudio(frame, KIND.AUDIO_IN).seq) > 0,
  );
  return { edge, talk, messages, frames };
}

test("what is said goes out but while muted or with the button up", async () => {
  const { edge, talk, messages, frames } = speaking();
  await talk.open();
  edge.hear(20);
  talk.mute(true);
  edge.hear(40);
  talk.mute(false);
  edge.hear(60);
  talk.usePressToTalk(true);
  edge.hear(80);
  talk.press(true);
  talk.press(true);
  edge.hear(100);
  talk.press(false);
  edge.hear(120);
  assert.deepEqual(frames, [0, 1, 2]);
  assert.deepEqual(
    messages.map(({ type, mode, endpointing }) => `${type} ${mode ?? endpointing}`),
    ["input.stop vad", "input.start vad", "session.update manual", "input.start ptt", "input.stop ptt"],
  );
});

test("a device that goes away lets the button go, and the microphone is closed", async () => {
  const { talk, messages } = speaking();
  await talk.open();
  talk.press(true);
  talk.lost();
  assert.deepEqual([talk.isOpen, talk.isPressed, talk.level], [false, false, 0]);
  assert.deepEqual(messages.map(({ type }) => type), ["input.start", "input.stop"]);
  await talk.open();
  assert.equal(talk.isOpen, true);
});

test("a microphone that is allowed after it was given up stays closed, and one that fails leaves the old one", async () => {
  const { edge, talk } = speaking();
  let allow;
  edge.start = () => new Promise((done) => (allow = done));
  const asking = talk.open();
  talk.close();
  allow();
  await asking;
  assert.equal(talk.isOpen, false);
  edge.start = async () => {};
  await talk.open();
  edge.start = async () => {
    throw new Error("busy");
  };
  await assert.rejects(talk.open(), /busy/);
  assert.equal(talk.isOpen, true);
});

test("the way to take turns is said once, not with every other setting", () => {
  const { talk, messages } = speaking();
  talk.usePressToTalk(false);
  talk.usePressToTalk(true);
  talk.usePressToTalk(true);
  talk.usePressToTalk(false);
  assert.deepEqual(messages.map(({ endpointing }) => endpointing), ["manual", "auto"]);
});

test("a resumed session gets the last frames again, a new one begins at 0 and stays muted", async () => {
  const { edge, talk, messages, frames } = speaking();
  await talk.open();
  edge.hear(20);
  edge.hear(40);
  talk.goOn();
  assert.deepEqual(frames, [0, 1, 0, 1]);
  assert.deepEqual(messages, []);
  talk.mute(true);
  talk.goOn();
  assert.deepEqual(messages, [{ type: "input.stop", mode: "vad" }, { type: "input.stop", mode: "vad" }]);
  talk.begin();
  assert.deepEqual(messages.at(-1), { type: "input.stop", mode: "vad" });
  talk.mute(false);
  edge.hear(60);
  assert.equal(frames.at(-1), 0);
});

test("frames that cannot be read are told of, and break nothing", async () => {
  const socket = new FalseSocket();
  const speaker = { start: async () => {}, order: () => {}, heardTimeS: () => 0, latencyMs: () => 0, stop: async () => {} };
  const { edge } = speaking();
  const client = new AvatarClient({
    url: "ws://host/v1/avatar",
    loudspeaker: speaker,
    microphone: edge,
    sockets: { dial: () => socket, chance: () => 0.5 },
  });
  const refused = [];
  client.addEventListener("refused", ({ detail }) => refused.push(detail.code));
  await client.start({ microphone: false });
  socket.onopen();
  socket.onmessage({ data: "{" });
  socket.onmessage({ data: '{"type":"state","state":"dancing"}' });
  socket.onmessage({ data: '{"type":"avatar.dance"}' });
  socket.onmessage({ data: new Uint8Array(3).buffer });
  socket.onmessage({ data: new Uint8Array(40).fill(9).buffer });
  assert.deepEqual(refused, ["bad_json", "bad_field", "bad_frame", "bad_frame"]);
  assert.equal(client.sample(0).state, "idle");
  await client.stop();
});

test("start goes on without a microphone, and says why there is none", async () => {
  const socket = new FalseSocket();
  const { edge } = speaking();
  edge.start = async () => {
    throw new Error("denied");
  };
  const speaker = { start: async () => {}, order: () => {}, heardTimeS: () => 0, latencyMs: () => 0, stop: async () => {} };
  const client = new AvatarClient({
    url: "ws://host/v1/avatar",
    loudspeaker: speaker,
    microphone: edge,
    sockets: { dial: () => socket, chance: () => 0.5 },
  });
  await assert.rejects(client.start(), /denied/);
  assert.equal(client.connectionState, "connecting");
  assert.equal(client.input.isOpen, false);
  await client.stop();
});
