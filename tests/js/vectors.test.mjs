// The golden vectors in JavaScript: `node --test tests/js/vectors.test.mjs`

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as ref from "./reference.mjs";

const ROOT = new URL("../../unity_client_protocol/", import.meta.url);
const load = (name) => JSON.parse(readFileSync(new URL(name, ROOT), "utf-8"));
const SCHEMAS = {
  client: load("schema/client-messages.schema.json"),
  server: load("schema/server-messages.schema.json"),
};
const KINDS = { client: 1, server: 2 };
const utf8 = (text) => new TextEncoder().encode(text);
const hex = (digits) => Uint8Array.from(digits.match(/../g) ?? [], (two) => parseInt(two, 16));

function cases(name, run) {
  const document = load(`vectors/${name}.json`);
  assert.equal(document.format, 1);
  for (const one of document.cases) test(`${name}: ${one.name}`, () => run(one));
}

function close(actual, expected, what) {
  assert.ok(Math.abs(actual - expected) <= 0.002, `${what}: ${actual} is not ${expected}`);
}

// Rows of names and a last number, which may differ a little.
function sameRows(actual, expected, what) {
  assert.deepEqual(actual?.map((row) => row.slice(0, -1)), expected?.map((row) => row.slice(0, -1)));
  expected?.forEach((row, at) => close(actual[at].at(-1), row.at(-1), what));
}

function outcome(decode) {
  try {
    return decode();
  } catch (refused) {
    if (refused instanceof ref.Refused) return { error: refused.code };
    throw refused;
  }
}

cases("messages", (one) => {
  let bytes;
  if (one.hex !== undefined) bytes = hex(one.hex);
  else if (one.text !== undefined) bytes = utf8(one.text);
  else {
    const [head, filler, count, tail] = one.text_parts;
    bytes = utf8(head + filler.repeat(count) + tail);
  }
  const { name, from, hex: _, text, text_parts, ...expected } = one;
  assert.deepEqual(outcome(() => ref.decodeText(bytes, SCHEMAS[from])), expected);
});

cases("frames", (one) => {
  const data = hex(one.hex);
  const bytes = new Uint8Array(data.length + (one.pad_bytes ?? 0));
  bytes.set(data);
  const { name, from, hex: _, pad_bytes, ...expected } = one;
  const actual = outcome(() => {
    const frame = ref.decodeBinary(bytes, KINDS[from]);
    if (frame === null) return { ignored: true };
    const { payload, ...fields } = frame;
    fields.payload_bytes = payload.length;
    if (payload.length <= 64) fields.payload = Buffer.from(payload).toString("hex");
    return fields;
  });
  assert.deepEqual(actual, expected);
});

cases("face_frames", ({ name, from, hex: digits, ...expected }) => {
  assert.deepEqual(outcome(() => ref.decodeFaces(hex(digits))), expected);
});

cases("frame_order", ({ frames, stale, lost }) => {
  const order = new ref.FrameOrder();
  const seen = frames.map(([stream, seq, flags]) => order.arrived({ stream, seq, flags }));
  assert.deepEqual(seen.map((one) => one.stale), stale);
  assert.deepEqual(seen.map((one) => one.lost), lost);
});

cases("mouth", ({ messages, cut_ms, samples }) => {
  for (const { t_ms, weights } of samples) {
    sameRows(ref.mouthAt(messages, t_ms, cut_ms), weights, `at ${t_ms}`);
  }
});

cases("movement", ({ messages, cut_ms, samples }) => {
  for (const { t_ms, gestures, faces, gaze } of samples) {
    if (gestures) sameRows(ref.gesturesAt(messages, t_ms, cut_ms), gestures, `at ${t_ms}`);
    if (faces) sameRows(ref.facesAt(messages, t_ms), faces, `at ${t_ms}`);
    if (gaze) assert.equal(ref.gazeAt(messages, t_ms), gaze);
  }
});

cases("captions", ({ rate_hz, text, words, samples }) => {
  for (const one of samples) {
    const at = ref.captionAt(words, one.played_samples, rate_hz, one.output_latency_ms);
    close(at.t_ms, one.t_ms, "t_ms");
    const shown = [...text].slice(0, at.char).join("");
    assert.deepEqual(
      [at.word, at.is_now, at.char, shown.length],
      [one.word, one.is_now, one.char, one.utf16],
    );
    assert.ok(text.startsWith(one.spoken_text));
    assert.equal(one.spoken_text.length, one.spoken_utf16);
  }
});

cases("clock", ({ exchanges, round_trips_ms, best, offset_ms }) => {
  const trips = exchanges.map(ref.roundTrip);
  assert.deepEqual(trips, round_trips_ms);
  assert.equal(trips.indexOf(Math.min(...trips)), best);
  assert.equal(ref.offset(exchanges[best]), offset_ms);
});

// The runs of a block: [first value, count], silence as [0, count].
function runs(block) {
  const found = [];
  for (const value of block) {
    const last = found.at(-1);
    const isNext = last && (value === 0 ? last[0] === 0 : last[0] && value === last[0] + last[1]);
    if (isNext) last[1] += 1;
    else found.push([value, 1]);
  }
  return found;
}

cases("playout", ({ events, expect }) => {
  const playout = new ref.Playout();
  events.forEach((event, at) => {
    let heard;
    switch (event.do) {
      case "begin":
        playout.begin(event.rate_hz);
        break;
      case "audio": {
        const { pts, seq, flags, samples } = event;
        const values = Array.from({ length: samples }, (_, n) => ((pts + n) % 30000) + 1);
        playout.audio({ stream: 1, seq, flags, pts }, values);
        break;
      }
      case "audio_done":
        playout.audioDone(event.samples);
        break;
      case "pull":
        heard = runs(playout.pull(event.samples));
        break;
      default:
        playout[event.do]();
    }
    const { played, buffered } = playout;
    const seen = { played, buffered, report: playout.report() };
    if (heard) seen.heard = heard;
    assert.deepEqual(seen, expect[at], `event ${at}, ${event.do}`);
  });
});

cases("sessions", ({ steps }) => {
  const reactions = new ref.Reactions(SCHEMAS.server);
  steps.forEach((step, at) => {
    let actions;
    if (step.close !== undefined) actions = reactions.closed(step.close);
    else if (step.text !== undefined) actions = reactions.text(utf8(step.text));
    else actions = reactions.binary(hex(step.hex));
    assert.deepEqual(actions, step.actions, `step ${at}`);
  });
});
