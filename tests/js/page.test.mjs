// The pure parts of the page and of its stage.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const web = new URL("../../voice_avatar/web/", import.meta.url);
const load = (file) => import(new URL(file, web));

const { nearCaption, spansOf } = await load("page/spans.mjs");
const { waterfall } = await load("page/waterfall.mjs");
const { closeHelp, errorLine, microphoneHelp } = await load("page/words.mjs");
const { amplified, mirrored, otherBone, readClip, slerp, turnAt, warp } = await load("stage/clip.mjs");
const { mapModel, mouthWeights, normalName } = await load("stage/mapping.mjs");
const { expressionShapes, lookShapes } = await load("stage/face.mjs");
const { Eyes } = await load("stage/idle.mjs");
const { carriedAlong } = await load("stage/body.mjs");
const { Pace } = await load("stage/pace.mjs");
const { SparseMorphs } = await load("stage/morphs.mjs");
const { ARKIT52, OVR15 } = await load("client/acting/sets.mjs");

const text = "Hi there, you.";

test("a caption falls into what was said, the word now, and what is ahead", () => {
  const spans = spansOf({ text, spokenTo: 8, word: { from: 3, to: 8 }, struckFrom: null });
  assert.deepEqual(spans, [{ text: "Hi ", look: "said" }, { text: "there", look: "now" }, { text: ", you.", look: "ahead" }]);
});

test("what was cut is struck from the word that was heard on", () => {
  const spans = spansOf({ text, spokenTo: 8, word: null, struckFrom: 8 });
  assert.deepEqual(spans, [{ text: "Hi there", look: "said" }, { text: ", you.", look: "cut" }]);
});

test("the pieces of a caption are the whole text, wherever the word is", () => {
  for (let from = 0; from < text.length; from++) {
    for (let to = from + 1; to <= text.length; to++) {
      for (const struckFrom of [null, 0, 5, text.length]) {
        const spans = spansOf({ text, spokenTo: to, word: { from, to }, struckFrom });
        assert.equal(spans.map((span) => span.text).join(""), text);
      }
    }
  }
});

test("the caption on the stage is the sentence that is spoken", () => {
  const long = "One is here. Two is there. Three is gone.";
  const at = long.indexOf("there");
  const near = nearCaption({ text: long, spokenTo: at + 5, word: { from: at, to: at + 5 }, struckFrom: null });
  assert.equal(near.text, "Two is there. ");
  assert.equal(near.text.slice(near.word.from, near.word.to), "there");
});

test("a sentence too long for the stage is cut around the word", () => {
  const long = "word ".repeat(100).trim();
  for (const from of [0, 200, 495]) {
    const near = nearCaption({ text: long, spokenTo: from + 4, word: { from, to: from + 4 }, struckFrom: null }, 60);
    assert.ok(near.text.length <= 70);
    assert.equal(near.text.slice(near.word.from, near.word.to), "word");
  }
});

test("the waterfall's last bar ends where the sound is heard, and stages that did not happen are left out", () => {
  const metrics = { stt_ms: -20, commit_ms: 120, llm_start_ms: 20, ttft_ms: 200, first_chunk_ms: 260, ttfa_ms: 400, sent_ms: 405, is_speculative: true };
  const { bars, from, to } = waterfall(metrics, 520);
  assert.equal(bars.at(-1).to, 520);
  assert.equal(bars.at(-1).ms, 115);
  assert.deepEqual([from, to], [-20, 520]);
  assert.ok(bars.find((bar) => bar.name === "Transcript").isEarly);
  assert.equal(bars.find((bar) => bar.name === "Model, 1st token").ms, 180);
  assert.equal(waterfall({ ...metrics, stt_ms: null }, null).bars.length, bars.length - 2);
});

test("every problem has a title, a text and something to do", () => {
  const helps = ["insecure", "denied", "missing", "busy", "failed", "new"].map(microphoneHelp);
  helps.push(...[0, 1001, 1006, 1011, 1013, 4001, 4003, 4008, 4009, 4429, 4503, 4999].map(closeHelp));
  for (const { title, text: why, steps } of helps) {
    assert.ok(title && why && steps.length > 0);
  }
  assert.match(errorLine("new_code"), /new_code/);
});

test("sync points of a clip fall on those of the cue", () => {
  const sync = { start_ms: 0, stroke_start_ms: 320, stroke_ms: 600, stroke_end_ms: 1020, relax_ms: 1120, end_ms: 1620 };
  const cue = { start_ms: 1000, stroke_start_ms: 1100, stroke_ms: 1700, stroke_end_ms: 1800, relax_ms: 1800, end_ms: 2000 };
  for (const point of ["start_ms", "stroke_start_ms", "stroke_ms", "end_ms"]) assert.equal(warp(sync, cue, cue[point]), sync[point]);
  assert.equal(warp(sync, cue, 1400), 460);
  assert.equal(warp(sync, cue, 1800), sync.relax_ms, "a hold of no length is passed over");
  let last = 0;
  for (let t = 900; t < 2100; t += 7) {
    const now = warp(sync, cue, t);
    assert.ok(now >= last);
    last = now;
  }
});

test("rotations between two keys are unit quaternions on the shorter way", () => {
  const a = [0, 0, 0, 1];
  const b = [0, -Math.SQRT1_2, 0, -Math.SQRT1_2];
  const half = slerp(a, b, 0.5);
  assert.ok(Math.abs(Math.hypot(...half) - 1) < 1e-9);
  assert.ok(Math.abs(half[1] - Math.sin(Math.PI / 8)) < 1e-9);
});

test("fingers are played in full, other bones by the amplitude over its floor", () => {
  const rest = [0, 0, 0, 1];
  const turn = [Math.SQRT1_2, 0, 0, Math.SQRT1_2];
  assert.deepEqual(amplified("rightIndexProximal", rest, turn, 0, 0.1), turn);
  const half = amplified("rightUpperArm", rest, turn, 0.2, 0.375);
  assert.ok(Math.abs(2 * Math.asin(half[0]) - 0.5 * (Math.PI / 2)) < 1e-9);
  assert.equal(otherBone("leftHand"), "rightHand");
  assert.deepEqual(mirrored(turn), [turn[0], -0, -0, turn[3]]);
});

test("a clip of the server is read with all its bones", { skip: !process.env.VOICE_AVATAR_CLIP }, () => {
  const file = readFileSync(process.env.VOICE_AVATAR_CLIP);
  const clip = readClip(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
  assert.ok(clip.bones.has("rightUpperArm"));
  assert.ok(Math.abs(clip.length_s - 1.62) < 0.01);
  for (const track of clip.bones.values()) {
    for (let t = -0.1; t < clip.length_s + 0.1; t += 0.05) assert.ok(Math.abs(Math.hypot(...turnAt(track, t)) - 1) < 1e-4);
  }
});

test("what is no clip is refused", () => {
  assert.throws(() => readClip(new ArrayBuffer(40)), /not a binary glTF/);
});

test("names of shapes are found in every usual spelling", () => {
  for (const name of ["mouthSmileLeft", "mouthSmile_L", "MouthSmile_Left", "blendShape1.mouthSmile_L", "mouthSmileL"]) {
    assert.equal(normalName(name), "mouthsmileleft");
  }
  assert.notEqual(normalName("tongueOut"), normalName("viseme_TH"));
});

test("a model's own visemes are taken; without them ARKit's shapes, without those VRM's five mouths", () => {
  const own = mapModel(OVR15.map((name) => `viseme_${name}`), [], []);
  assert.deepEqual([...mouthWeights(own.visemes, { aa: 0.5 })].filter(([, weight]) => weight > 0), [["viseme_aa", 0.5]]);
  const arkit = mapModel(ARKIT52, [], ["head"]);
  const open = mouthWeights(arkit.visemes, { aa: 1 });
  assert.ok(open.get("jawOpen") > 0.5);
  assert.ok(mouthWeights(arkit.visemes, { PP: 1 }).get("mouthPressLeft") > 0.4);
  const five = mapModel([], ["aa", "ih", "ou", "ee", "oh"], []);
  assert.equal(five.mouth, "expressions");
  assert.equal(mouthWeights(five.visemes, { O: 0.7 }).get("oh"), 0.7);
  assert.equal(mapModel([], [], []).mouth, "none");
});

test("the report says what is missing", () => {
  const { missing, found } = mapModel(["jawOpen", "viseme_aa"], [], ["head"]);
  assert.equal(missing.arkit.length, 51);
  assert.equal(missing.visemes.length, 14);
  assert.deepEqual(found.bones, ["head"]);
});

test("an expression's mouth makes room for lips that have to meet, its brows do not", () => {
  const happy = new Map([["happy", 1]]);
  assert.ok(Math.abs(expressionShapes(happy, {}).get("mouthSmileLeft") - 0.62) < 1e-9);
  assert.ok(Math.abs(expressionShapes(happy, { aa: 0.8 }).get("mouthSmileLeft") - 0.248) < 1e-9);
  assert.ok(expressionShapes(happy, {}).get("mouthUpperUpLeft") > 0.3, "it shows its teeth");
  assert.equal(expressionShapes(happy, { PP: 1 }).get("mouthUpperUpLeft"), 0);
  assert.equal(expressionShapes(happy, { PP: 1 }).get("mouthSmileLeft"), 0);
  assert.equal(expressionShapes(new Map([["brow_raise", 1]]), { PP: 1 }).get("browInnerUp"), 0.7);
});

test("a look to the left turns the left eye out and the right eye in", () => {
  const shapes = lookShapes({ yaw: 15, pitch: -6 });
  assert.equal(shapes.get("eyeLookOutLeft"), 0.5);
  assert.equal(shapes.get("eyeLookInRight"), 0.5);
  assert.equal(shapes.get("eyeLookDownLeft"), 0.2);
});

test("eyes reach a target within a tenth of a second", () => {
  const eyes = new Eyes(() => 0.5);
  let at = null;
  for (let t = 0; t <= 0.1; t += 1 / 60) at = eyes.at(t, 1 / 60, { yaw: 20, pitch: 0 });
  assert.ok(Math.abs(at.yaw - 20) < 1);
});

test("chest and shoulders go along with the head, and the weight on a leg leaves the eyes level", () => {
  const still = { head: { yaw: 0, pitch: 0, roll: 0 }, breath: 0.5, weight: 0 };
  for (const [, ...degrees] of carriedAlong(still)) assert.deepEqual(degrees.map(Math.abs), [0, 0, 0]);
  const sum = (pose, axis) => carriedAlong({ ...still, ...pose }).filter(([bone]) => !/Shoulder/.test(bone)).reduce((total, [, ...degrees]) => total + degrees[axis], 0);
  assert.ok(Math.abs(sum({ head: { yaw: 20, pitch: 0, roll: 0 } }, 1) - 20) < 0.01, "the head arrives where it should");
  assert.ok(Math.abs(sum({ head: { yaw: 0, pitch: 10, roll: 0 } }, 0) - 10) < 0.01);
  assert.ok(Math.abs(sum({ head: { yaw: 0, pitch: 0, roll: 10 } }, 2) + 10) < 0.01);
  assert.ok(Math.abs(sum({ weight: 1 }, 2)) < 0.01);
  const [left, right] = ["leftShoulder", "rightShoulder"].map((name) => carriedAlong({ ...still, breath: 1 }).find(([bone]) => bone === name)[3]);
  assert.ok(left > 0.3 && right < -0.3, "both rise with the breath");
});

test("shapes on the CPU give what a vertex program would, and rest when their weights are gone", () => {
  const at = (...numbers) => ({ array: Float32Array.from(numbers) });
  const attributes = { position: at(1, 2, 3, 4, 5, 6, 7, 8, 9), normal: at(0, 0, 1, 0, 1, 0, 1, 0, 0) };
  const morphAttributes = {
    position: [at(0, 0, 0, 1, 0, -2, 0, 0, 0), at(0.5, 0, 0, 2, 0, 0, 0, 0, 0)],
    normal: [at(0, 0, 0, 0, 0.25, 0, 0, 0, 0), at(0, 0, 0, 0, 0, 0, 0, 0, 0.5)],
  };
  const influences = [0.5, 0.25];
  const geometry = { attributes, morphAttributes };
  const morphs = new SparseMorphs({ geometry, morphTargetInfluences: influences });
  assert.deepEqual(geometry.morphAttributes, {}, "the renderer sees none of them");
  assert.equal(morphs.apply(), true);
  assert.deepEqual([...attributes.position.array], [1.125, 2, 3, 5, 5, 5, 7, 8, 9]);
  assert.deepEqual([...attributes.normal.array], [0, 0, 1, 0, 1.125, 0, 1, 0, 0.125]);
  assert.equal(attributes.position.needsUpdate, true);
  assert.equal(morphs.apply(), false, "nothing changed");
  influences.fill(0);
  morphs.apply();
  assert.deepEqual([...attributes.position.array], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual([...attributes.normal.array], [0, 0, 1, 0, 1, 0, 1, 0, 0]);
});

test("slow pictures make it coarser, fast ones finer again, within bounds", () => {
  const pace = new Pace(2);
  for (let i = 0; i < 1000; i++) pace.took(0.1);
  assert.equal(pace.ratio, 0.4);
  for (let i = 0; i < 1000; i++) pace.took(1 / 60);
  assert.equal(pace.ratio, 2);
  assert.equal(pace.took(0), false);
});

test("very slow pictures are made coarser within seconds, and a page that slept is not slow", () => {
  const pace = new Pace(1, 0.6);
  assert.equal(pace.ratio, 0.6);
  for (let i = 0; i < 100; i++) pace.took(10);
  assert.equal(pace.ratio, 0.6);
  let waitedS = 0;
  while (pace.ratio > 0.45 && waitedS < 10) {
    pace.took(0.4);
    waitedS += 0.4;
  }
  assert.ok(waitedS <= 2.01, `${waitedS} s`);
  assert.ok(Math.abs(pace.fps - 2.5) < 0.01);
});
