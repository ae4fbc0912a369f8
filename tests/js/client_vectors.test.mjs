// The client library passes the golden vectors: `node --test tests/js/client_vectors.test.mjs`

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { wordAt, CaptionTrack } from "../../voice_avatar/web/client/acting/captions.mjs";
import { ExpressionTrack } from "../../voice_avatar/web/client/acting/expressions.mjs";
import { GazeTrack } from "../../voice_avatar/web/client/acting/gaze.mjs";
import { GestureTrack, retracted } from "../../voice_avatar/web/client/acting/gestures.mjs";
import { MouthTrack } from "../../voice_avatar/web/client/acting/mouth.mjs";
import { PlaybackReports } from "../../voice_avatar/web/client/audio/playback_reports.mjs";
import { PlayoutCore } from "../../voice_avatar/web/client/audio/playout_core.mjs";
import { bestOf, offsetMs, roundTripMs } from "../../voice_avatar/web/client/session/clock.mjs";
import { Reactions } from "../../voice_avatar/web/client/session/reactions.mjs";
import {
  FrameOrder,
  KIND,
  Refused,
  readAudio,
  readFaces,
} from "../../voice_avatar/web/client/wire/frames.mjs";
import { readText } from "../../voice_avatar/web/client/wire/text.mjs";
import { findBones } from "../../voice_avatar/web/stage/rigs/bones.mjs";
import { readShapes } from "../../voice_avatar/web/stage/rigs/shapes.mjs";

const ROOT = new URL("../../unity_client_protocol/vectors/", import.meta.url);
const load = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, ROOT), "utf-8"));
const hex = (digits) => Uint8Array.from(digits.match(/../g) ?? [], (two) => parseInt(two, 16));

function cases(name, run) {
  const document = load(name);
  assert.equal(document.format, 1);
  for (const one of document.cases) test(`${name}: ${one.from ?? ""} ${one.name}`, () => run(one));
}

function close(actual, expected, what) {
  assert.ok(Math.abs(actual - expected) <= 0.002, `${what}: ${actual} is not ${expected}`);
}

// Rows of names and a last number, which may differ a little.
function sameRows(actual, expected, what) {
  assert.deepEqual(actual.map((row) => row.slice(0, -1)), expected.map((row) => row.slice(0, -1)), what);
  expected.forEach((row, at) => close(actual[at].at(-1), row.at(-1), what));
}

// What a frame is read as, or that it is refused: with which code is the server's affair.
function outcome(read) {
  try {
    return read();
  } catch (refused) {
    if (refused instanceof Refused) return { error: true };
    throw refused;
  }
}

const isFromServer = (one) => one.from === "server";

for (const one of load("messages").cases.filter(isFromServer)) {
  test(`messages: ${one.name}`, () => {
    const text = one.text ?? one.text_parts[0] + one.text_parts[1].repeat(one.text_parts[2]) + one.text_parts[3];
    const actual = outcome(() => readText(text));
    if (one.error) assert.deepEqual(actual, { error: true });
    else if (one.value) assert.deepEqual(actual, { message: one.value });
    else assert.deepEqual(actual, { unknown: one.unknown });
  });
}

for (const one of load("frames").cases) {
  test(`frames: ${one.from} ${one.name}`, () => {
    const data = hex(one.hex);
    const bytes = new Uint8Array(data.length + (one.pad_bytes ?? 0));
    bytes.set(data);
    const kind = isFromServer(one) ? KIND.AUDIO_OUT : KIND.AUDIO_IN;
    const actual = outcome(() => readAudio(bytes, kind));
    if (one.error) assert.deepEqual(actual, { error: true });
    else if (one.ignored) assert.equal(actual, null);
    else {
      for (const field of ["kind", "flags", "stream", "seq", "pts"]) {
        assert.equal(actual[field], one[field], field);
      }
      assert.equal(actual.payload.length, one.payload_bytes);
      if (one.payload !== undefined) assert.deepEqual(actual.payload, hex(one.payload));
    }
  });
}

for (const { name, hex: digits, error, from: _, ...expected } of load("face_frames").cases) {
  test(`face_frames: ${name}`, () => {
    const actual = outcome(() => {
      const { faces, ...fields } = readFaces(hex(digits));
      return { ...fields, weights: faces.map((weights) => [...weights]) };
    });
    assert.deepEqual(actual, error ? { error: true } : expected);
  });
}

cases("frame_order", ({ frames, stale, lost }) => {
  const order = new FrameOrder();
  const seen = frames.map(([stream, seq, flags]) => order.arrived({ stream, seq, flags }));
  assert.deepEqual(seen.map((one) => one.stale), stale);
  assert.deepEqual(seen.map((one) => one.lost), lost);
});

cases("mouth", ({ messages, cut_ms, samples }) => {
  const track = new MouthTrack();
  for (const message of messages) track.add(message);
  if (cut_ms !== null) track.cut(cut_ms);
  const check = ({ t_ms, weights }) => {
    const shown = track.at(t_ms);
    if (weights === null) assert.equal(shown, null, `at ${t_ms}`);
    else sameRows([...shown].sort(([a], [b]) => a - b), weights, `at ${t_ms}`);
  };
  samples.forEach(check);
  [...samples].reverse().forEach(check); // time may go back, as where a reply is shown again
});

cases("movement", ({ messages, cut_ms, samples }) => {
  const tracks = { gesture: new GestureTrack(), face: new ExpressionTrack(), gaze: new GazeTrack() };
  for (const message of messages) tracks[message.type].add(message);
  if (cut_ms !== null) tracks.gesture.cut(cut_ms);
  for (const { t_ms, gestures, faces, gaze } of samples) {
    const poses = tracks.gesture.at(t_ms).map((p) => [p.gesture.id, p.phase, p.weight]);
    if (gestures) sameRows(poses, gestures, `at ${t_ms}`);
    const names = ([a], [b]) => (a < b ? -1 : 1);
    if (faces) sameRows([...tracks.face.at(t_ms)].sort(names), faces, `at ${t_ms}`);
    if (gaze) assert.equal(tracks.gaze.at(t_ms).target, gaze);
  }
});

for (const { title, sent, at_ms, shown } of load("retraction").cases) {
  test(`retraction: ${title}`, () => assert.deepEqual(retracted(sent, at_ms), shown));
}

cases("captions", ({ rate_hz, text, words, samples }) => {
  for (const one of samples) {
    const tMs = (one.played_samples * 1000) / rate_hz - one.output_latency_ms;
    close(tMs, one.t_ms, "t_ms");
    const track = new CaptionTrack();
    track.addText({ text, char: 0 });
    track.addSegment({ words });
    const at = wordAt(words, tMs);
    assert.deepEqual([at.index, at.isNow, at.char], [one.word, one.is_now, one.char]);
    const caption = track.at(tMs);
    assert.equal(caption.spokenTo, one.utf16);
    assert.equal(caption.word !== null, one.is_now);
    track.end(one.spoken_text);
    const { struckFrom } = track.at(tMs);
    const isAll = text.slice(one.spoken_utf16).trim() === "";
    assert.equal(struckFrom, isAll ? null : one.spoken_utf16);
  }
});

cases("clock", ({ exchanges, round_trips_ms, best, offset_ms }) => {
  assert.deepEqual(exchanges.map(roundTripMs), round_trips_ms);
  assert.equal(exchanges.indexOf(bestOf(exchanges)), best);
  assert.equal(offsetMs(bestOf(exchanges)), offset_ms);
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
  const options = { startMs: 0, longestStartMs: 0, growMs: 0, fadeMs: 0 };
  let core;
  let rateHz;
  let order = new FrameOrder();
  let nowMs = 0;
  const reports = new PlaybackReports();
  events.forEach((event, at) => {
    let heard;
    if (event.do === "begin") {
      rateHz = event.rate_hz;
      core ??= new PlayoutCore(rateHz, options);
      order = new FrameOrder();
      core.begin(event.reply_id, rateHz);
    } else if (event.do === "audio") {
      const { pts, seq, flags, samples } = event;
      const values = Float32Array.from({ length: samples }, (_, n) => ((pts + n) % 30000) + 1);
      if (!order.arrived({ stream: 1, seq, flags }).stale) core.audio(pts, values);
    } else if (event.do === "audio_done") core.endsAt(event.samples);
    else if (event.do === "pull") {
      const block = new Float32Array(event.samples);
      core.render(block);
      nowMs += (event.samples * 1000) / rateHz;
      heard = runs(block);
    } else if (event.do === "interrupt") core.flush();
    else core[event.do]();
    const { view } = core;
    const state = reports.due(view, nowMs);
    const seen = {
      played: view.played,
      buffered: view.buffered,
      report: state && [state, view.played],
    };
    if (heard) seen.heard = heard;
    assert.deepEqual(seen, expect[at], `event ${at}, ${event.do}`);
  });
});

cases("sessions", ({ steps }) => {
  const reactions = new Reactions();
  const onText = (text) => {
    const read = outcome(() => readText(text));
    if (read.error) return [{ do: "ignore" }];
    return read.message ? reactions.message(read.message) : [{ do: "ignore", type: read.unknown }];
  };
  const onBinary = (bytes) => {
    const frame = outcome(() => readAudio(bytes, KIND.AUDIO_OUT));
    if (frame === null || frame.error) return [{ do: "ignore", type: "binary" }];
    return reactions.audio(frame);
  };
  steps.forEach((step, at) => {
    let actions;
    if (step.close !== undefined) actions = [reactions.closed(step.close)];
    else actions = step.text !== undefined ? onText(step.text) : onBinary(hex(step.hex));
    assert.deepEqual(actions, step.actions, `step ${at}`);
  });
});

cases("rigs", ({ nodes, bones, shapes, rig, visemes, arkit, expressions }) => {
  if (nodes) {
    const found = findBones(nodes.map(([name, parent, kind]) => ({ name, parent, kind })));
    assert.deepEqual(Object.fromEntries(found), bones);
    return;
  }
  const read = readShapes(shapes);
  assert.equal(read.rig, rig);
  const indices = (own) => own.map((name) => shapes.indexOf(name)).sort((a, b) => a - b);
  assert.deepEqual(Object.fromEntries([...read.arkit].map(([name, own]) => [name, indices(own)])), arkit);
  for (const [table, expected] of [[read.visemes, visemes], [read.expressions, expressions]]) {
    for (const [name, rows] of Object.entries(expected)) {
      const own = Object.entries(table.get(name)).map(([shape, weight]) => [shapes.indexOf(shape), weight]);
      assert.deepEqual(own.sort(([a], [b]) => a - b), rows, name);
    }
  }
  assert.equal(read.visemes.size > 0, Object.keys(visemes).length > 0);
});
