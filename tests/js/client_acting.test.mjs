// What the avatar shows, in the client library: the drivers one by one, and the stage.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BodyTrack } from "../../voice_avatar/web/client/acting/body.mjs";
import { CaptionTrack, utf16 } from "../../voice_avatar/web/client/acting/captions.mjs";
import { DenseFace } from "../../voice_avatar/web/client/acting/dense_face.mjs";
import { EnergyTrack } from "../../voice_avatar/web/client/acting/energy.mjs";
import { overRest } from "../../voice_avatar/web/client/acting/expressions.mjs";
import { GazeTrack } from "../../voice_avatar/web/client/acting/gaze.mjs";
import { HeadTrack, headAt } from "../../voice_avatar/web/client/acting/head.mjs";
import { IdleLife, USUAL } from "../../voice_avatar/web/client/acting/idle.mjs";
import { ARKIT52, OVR15 } from "../../voice_avatar/web/client/acting/sets.mjs";
import { Stage } from "../../voice_avatar/web/client/acting/stage.mjs";

const JAW = ARKIT52.indexOf("jawOpen");
const SMILE = ARKIT52.indexOf("mouthSmileLeft");
const BROW = ARKIT52.indexOf("browInnerUp");

// Chance that is the same every time.
function chanceOf(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

// -- head

const nod = (more) => ({
  type: "head",
  lexeme: "nod",
  amount: 0.5,
  repeats: 1,
  start_ms: 0,
  stroke_ms: 200,
  end_ms: 600,
  side: "right",
  ...more,
});

test("every head movement begins and ends at rest and peaks at its stroke", () => {
  const parts = { nod: "pitch", tilt: "roll", toss: "pitch", lower: "pitch", shake: "yaw" };
  for (const [lexeme, part] of Object.entries(parts)) {
    for (const repeats of lexeme === "nod" || lexeme === "shake" ? [1, 2, 3] : [1]) {
      const head = nod({ lexeme, repeats });
      const at = (t) => headAt(head, t)[part];
      assert.equal(at(0), 0);
      assert.ok(Math.abs(at(0.5)) < 0.02 && Math.abs(at(599.5)) < 0.02, lexeme);
      const times = Array.from({ length: 601 }, (_, t) => t);
      const peak = times.find((t) => t > 0 && Math.abs(at(t)) > Math.abs(at(t + 1)) + 1e-12);
      assert.ok(Math.abs(peak - 200) <= 12, `${lexeme} x ${repeats} peaks at ${peak}`);
      for (const t of times) assert.ok(Math.abs(at(t) - at(t + 1)) < 0.05, `${lexeme} jumps at ${t}`);
    }
  }
});

test("heads go first where they are told to, and names to come show nothing", () => {
  const shake = nod({ lexeme: "shake", repeats: 2 });
  assert.ok(headAt(shake, 150).yaw > 0);
  assert.ok(headAt({ ...shake, side: "left" }, 150).yaw < 0);
  assert.ok(headAt(nod({}), 200).pitch > 0);
  assert.ok(headAt(nod({ lexeme: "toss" }), 200).pitch < 0);
  assert.deepEqual(headAt(nod({ lexeme: "spin" }), 200), { pitch: 0, yaw: 0, roll: 0 });
});

test("a head movement that is cut goes back from where it is, within 300 ms", () => {
  const track = new HeadTrack();
  track.add(nod({ end_ms: 2000, stroke_ms: 900 }));
  track.add(nod({ start_ms: 950, stroke_ms: 1100, end_ms: 1500 }));
  const before = track.at(800).pitch;
  track.cut(800);
  let last = before;
  for (let t = 801; t <= 1100; t += 1) {
    const { pitch } = track.at(t);
    assert.ok(pitch <= last + 1e-9 && last - pitch < 0.02);
    last = pitch;
  }
  assert.equal(track.at(1100).pitch, 0);
});

test("after an interruption the eyes are at the user at once", () => {
  const track = new GazeTrack();
  track.add({ target: "away_up", start_ms: 100, end_ms: 900, head: 0.4 });
  assert.deepEqual(track.at(500), { target: "away_up", head: 0.4 });
  track.cut(500);
  assert.deepEqual(track.at(500), { target: "user", head: 0 });
});

// -- the whole face as curves

const frame = (pts, ...faces) => ({
  pts,
  hz: 30,
  faces: faces.map((shapes) => {
    const weights = new Uint8Array(52);
    for (const [shape, weight] of Object.entries(shapes)) weights[shape] = weight;
    return weights;
  }),
});

test("faces are interpolated, and stay as the last one is", () => {
  const face = new DenseFace(24000);
  assert.equal(face.at(0), null);
  face.add(frame(0, { [JAW]: 0 }, { [JAW]: 255 }));
  face.add(frame(1600, { [JAW]: 51 }));
  assert.ok(Math.abs(face.at(1000 / 60)[JAW] - 0.5) < 1e-6);
  assert.ok(Math.abs(face.at(1000 / 30)[JAW] - 1) < 1e-6);
  assert.ok(Math.abs(face.at(900)[JAW] - 0.2) < 1e-6);
  assert.ok(Math.abs(face.at(1000 / 60)[JAW] - 0.5) < 1e-6);
});

test("at the end jaw and mouth let go within 80 ms, the rest within 800", () => {
  const face = new DenseFace(24000);
  face.add(frame(0, { [JAW]: 255, [SMILE]: 255, [BROW]: 255 }));
  face.end(100);
  const half = face.at(140);
  assert.ok(Math.abs(half[JAW] - 0.5) < 1e-6 && half[BROW] > 0.98);
  assert.equal(face.at(180)[SMILE], 0);
  assert.ok(Math.abs(face.at(500)[BROW] - 0.5) < 1e-6);
  assert.equal(Math.max(...face.at(900)), 0);
});

test("the next reply begins with the face that the one before leaves", () => {
  const first = new DenseFace(24000);
  first.add(frame(0, { [BROW]: 255 }));
  first.end(0);
  const second = new DenseFace(24000, (tMs) => first.at(400 + tMs));
  assert.ok(Math.abs(second.at(0)[BROW] - 0.5) < 1e-6);
  second.add(frame(0, { [BROW]: 128 }));
  assert.ok(Math.abs(second.at(0)[BROW] - 0.5) < 0.01);
});

// -- energy

test("a mouth without visemes opens with loud audio and is shut in silence and after the end", () => {
  const track = new EnergyTrack(16000);
  const loud = Float32Array.from({ length: 3200 }, (_, n) => 0.3 * Math.sin(n / 5));
  track.add(0, loud);
  track.add(3200, new Float32Array(3200));
  assert.ok(track.openAt(100) > 0.7);
  assert.equal(track.openAt(350), 0);
  assert.ok(track.openAt(200) > 0 && track.openAt(225) < track.openAt(190));
  assert.equal(track.openAt(500), 0);
  track.add(6400, loud);
  assert.equal(track.openAt(600, 900), 0);
});

// -- captions

test("what is heard is cut in UTF-16, also in emoji and Chinese", () => {
  assert.equal(utf16("a👋b你", 2), 3);
  assert.equal(utf16("a👋b你", 9), 5);
  const track = new CaptionTrack();
  track.addText({ text: "👋 你", char: 0 });
  track.addText({ text: "好!", char: 3 });
  track.addSegment({ words: [["👋", 0, 100, 0], ["你好!", 100, 400, 2]] });
  assert.deepEqual(track.at(50), { text: "👋 你好!", spokenTo: 2, word: { from: 0, to: 2 }, struckFrom: null });
  assert.deepEqual(track.at(200).word, { from: 3, to: 6 });
  assert.equal(track.at(-5).word, null);
});

test("text that comes again, or with a hole before it, stands where it belongs", () => {
  const track = new CaptionTrack();
  track.addText({ text: "One two ", char: 0 });
  track.addText({ text: "two three", char: 4 });
  assert.equal(track.text, "One two three");
  track.addText({ text: "five", char: 15 });
  assert.equal(track.text, "One two three  five");
});

test("after an interruption what was not heard is struck, and no word is marked", () => {
  const track = new CaptionTrack();
  track.addText({ text: "One two three", char: 0 });
  track.addSegment({ words: [["One", 0, 100, 0], ["two", 100, 200, 4], ["three", 200, 300, 8]] });
  track.end("One two");
  assert.deepEqual(track.at(250), { text: "One two three", spokenTo: 7, word: null, struckFrom: 7 });
  track.end("One two three");
  assert.equal(track.at(900).struckFrom, null);
});

// -- idle life

function blinks(perMin, state, minutes) {
  const figures = { ...USUAL, blinks_at_rest_per_min: perMin, blinks_talking_per_min: 2 * perMin };
  const idle = new IdleLife(figures, chanceOf(7));
  let count = 0;
  let wasShut = false;
  for (let t = 0; t < minutes * 60000; t += 10) {
    const isShut = idle.at(t, state).blink > 0.9;
    if (isShut && !wasShut) count += 1;
    wasShut = isShut;
  }
  return count / minutes;
}

test("lids close as often as the server says, more often while the avatar talks", () => {
  assert.ok(Math.abs(blinks(17, "listening", 60) - 17) < 1.5);
  assert.ok(Math.abs(blinks(17, "speaking", 60) - 34) < 3);
});

test("eyes wander only while nobody speaks, weight shifts softly, breath goes on", () => {
  const idle = new IdleLife(null, chanceOf(3));
  let [glances, lastWeight, sides] = [0, 0, new Set()];
  for (let t = 0; t < 120000; t += 16) {
    const at = idle.at(t, t < 60000 ? "idle" : "listening");
    if (at.glance.yaw !== 0) {
      assert.ok(t < 60000);
      glances += 1;
    }
    assert.ok(Math.abs(at.weight - lastWeight) < 0.05 && Math.abs(at.weight) <= 1);
    assert.ok(at.breath >= 0 && at.breath <= 1);
    lastWeight = at.weight;
    if (Math.abs(at.weight) > 0.2) sides.add(Math.sign(at.weight));
  }
  assert.ok(glances > 100);
  assert.equal(sides.size, 2);
});

test("the face at rest fills what expressions leave", () => {
  assert.deepEqual([...overRest(new Map(), "happy", 0.4)], [["happy", 0.4]]);
  assert.deepEqual([...overRest(new Map([["sad", 1]]), "happy", 0.4)], [["sad", 1]]);
  assert.deepEqual([...overRest(new Map([["sad", 0.5]]), "neutral", 0.4)], [["sad", 0.5]]);
});

// -- body

const body = (kind, lexeme, duration_ms, more) => ({
  kind,
  lexeme,
  amplitude: 0.8,
  duration_ms,
  repeats: 1,
  ...more,
});

test("a pose without a duration lasts until the next state, a posture until the next posture", () => {
  const track = new BodyTrack();
  track.add(body("gesture", "think", 0), 1000);
  track.add(body("gaze", "away_up", 0), 1000);
  track.add(body("posture", "lean_in", 0), 1000);
  const later = track.at(9000);
  assert.deepEqual([later.gestures[0].gesture.lexeme, later.gestures[0].weight], ["think", 1]);
  assert.equal(later.look.target, "away_up");
  assert.deepEqual(later.posture, { lexeme: "lean_in", weight: 1, amplitude: 0.8 });
  track.stateChanged(9000);
  assert.equal(track.at(9001).look, null);
  assert.ok(track.at(9100).gestures[0].weight < 1);
  assert.deepEqual(track.at(9400).gestures, []);
  assert.equal(track.at(9400).posture.lexeme, "lean_in");
});

test("movements with a duration end by themselves", () => {
  const track = new BodyTrack();
  track.add(body("head", "nod", 600, { repeats: 2 }), 0);
  track.add(body("face", "smile", 900), 0);
  track.add(body("gaze", "down", 500), 0);
  track.add(body("posture", "step_back", 1000), 0);
  assert.ok(track.at(150).head.pitch > 0.5);
  assert.ok(track.at(400).expressions.get("smile") > 0.7);
  assert.equal(track.at(400).look.target, "down");
  assert.equal(track.at(600).head.pitch, 0);
  assert.equal(track.at(900).expressions.get("smile") ?? 0, 0);
  assert.equal(track.at(500).look, null);
  assert.equal(track.at(2000).posture.lexeme, "upright");
});

// -- the stage

const READY = { autonomic: null, settings: { viseme_set: "ovr15" } };

function stageWith(...messages) {
  const stage = new Stage(chanceOf(1));
  stage.open(READY);
  stage.begin(24000, 0);
  for (const message of messages) stage.acting.add(message);
  return stage;
}

const AA = OVR15.indexOf("aa");
const visemes = { type: "visemes", set: "ovr15", keys: [[0, AA, 1], [5000, AA, 1]], until_ms: 5000 };
const gesture = {
  type: "gesture",
  id: "g1",
  lexeme: "wave",
  mode: "right",
  start_ms: 500,
  stroke_start_ms: 800,
  stroke_ms: 900,
  stroke_end_ms: 1000,
  relax_ms: 1500,
  end_ms: 1800,
};

test("nothing of a reply is shown before its first sample is heard", () => {
  const stage = stageWith(visemes);
  for (const heardMs of [null, -30]) {
    const shown = stage.at(10, heardMs, true);
    assert.deepEqual([shown.replyMs, shown.isSpeaking, shown.mouth.source], [null, false, "rest"]);
  }
  const shown = stage.at(50, 0, true);
  assert.deepEqual([shown.isSpeaking, shown.mouth.weights.get(AA)], [true, 1]);
});

test("while a reply stands still, so does everything of it", () => {
  const stage = stageWith(visemes, gesture);
  const [one, two] = [stage.at(100, 650, false), stage.at(3000, 650, false)];
  assert.deepEqual(one.gestures[0].weight, two.gestures[0].weight);
  assert.equal(two.isSpeaking, false);
});

test("an interruption closes the mouth in 80 ms and brings hands to rest in 300", () => {
  const stage = stageWith(visemes, gesture, { ...gesture, id: "g2", start_ms: 1300 });
  stage.at(1000, 1000, true);
  stage.cut(1200, 2000);
  assert.ok(Math.abs(stage.at(2040, 1210, false).mouth.weights.get(AA) - 0.5) < 1e-6);
  assert.equal(stage.at(2080, 1210, false).mouth.weights.size, 0);
  const hand = stage.at(2150, null, false).gestures;
  assert.deepEqual(hand.map((pose) => [pose.gesture.id, pose.phase]), [["g1", "retraction"]]);
  assert.deepEqual(stage.at(2300, null, false).gestures, []);
});

test("after its end a reply's time goes on from when its last sample was heard", () => {
  const stage = stageWith(visemes, gesture);
  stage.lasts(1600);
  stage.at(1600, 1590, true);
  stage.finished(1610);
  const shown = stage.at(1700, 1600, false);
  assert.ok(Math.abs(shown.replyMs - 1690) < 1e-6);
  assert.equal(shown.isSpeaking, false);
  assert.equal(shown.gestures[0].phase, "retraction");
  assert.deepEqual(stage.at(1900, 1600, false).gestures, []);
});

test("where replies meet, hands of the first come to rest and its face fades", () => {
  const face = { type: "face", t_ms: 0, expression: "happy", intensity: 1, fade_ms: 100, hold_ms: 0 };
  const stage = stageWith(visemes, gesture, face);
  stage.at(1200, 1200, true);
  stage.cut(1200, 1200);
  stage.begin(24000, 1250);
  const shown = stage.at(1350, null, false);
  assert.equal(shown.gestures[0].gesture.id, "g1");
  assert.ok(Math.abs(shown.expressions.get("happy") - 0.75) < 1e-6);
  assert.deepEqual(stage.at(1700, null, false).gestures, []);
  assert.equal(stage.at(1700, null, false).expressions.size, 0);
});

test("audio without visemes moves the mouth by its energy", () => {
  const stage = stageWith();
  stage.acting.addAudio(0, Float32Array.from({ length: 24000 }, (_, n) => 0.3 * Math.sin(n / 6)));
  const { mouth } = stage.at(500, 500, true);
  assert.equal(mouth.source, "energy");
  assert.ok(mouth.weights.get(AA) > 0.5);
});

test("a new session forgets the old one", () => {
  const stage = stageWith(visemes, gesture);
  stage.at(900, 900, true);
  stage.open(READY);
  const shown = stage.at(910, 900, true);
  assert.deepEqual([shown.replyMs, shown.captions, shown.gestures.length], [null, null, 0]);
});
