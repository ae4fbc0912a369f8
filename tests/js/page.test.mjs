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
const { mapModel, mouthWeights, plainShapes } = await load("stage/mapping.mjs");
const { IN_VRM, normalName, readShapes } = await load("stage/rigs/shapes.mjs");
const { expressionShapes, lookShapes } = await load("stage/face.mjs");
const { Eyes } = await load("stage/idle.mjs");
const { carriedAlong } = await load("stage/body.mjs");
const { Pace } = await load("stage/pace.mjs");
const { takeOver } = await load("stage/morphs.mjs");
const { axesOf, eyesOf, scaleFor, shiftFor } = await load("stage/placing.mjs");
const { checkFile, checkSize, pictureSize, readFile, Unreadable } = await load("stage/files.mjs");
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

test("a shape that two of ours stand for takes what is between them, and plain names need no table", () => {
  const plain = plainShapes([...OVR15.map((name) => `viseme_${name}`), ...ARKIT52, "wings"]);
  assert.deepEqual(plain.direct, [...OVR15]);
  assert.deepEqual(plain.arkit.get("jawOpen"), ["jawOpen"]);
  assert.deepEqual(plain.visemes.get("PP"), { viseme_PP: 1 });
  assert.equal(plainShapes(OVR15.map((name) => `viseme_${name}`)), null);
  const read = readShapes(["blink", "browInnerUp_L", "browInnerUp_R"]);
  assert.deepEqual([read.arkit.get("eyeBlinkLeft"), read.arkit.get("eyeBlinkRight")], [["blink"], ["blink"]]);
  assert.deepEqual(read.arkit.get("browInnerUp"), ["browInnerUp_L", "browInnerUp_R"]);
});

test("names of shapes are found in every usual spelling", () => {
  for (const name of ["mouthSmileLeft", "mouthSmile_L", "MouthSmile_Left", "blendShape1.mouthSmile_L", "mouthSmileL", "mouthSmile.L", "mouthSmile_l.001", "head__mouthSmile_L"]) {
    assert.equal(normalName(name), "mouthsmileleft", name);
  }
  assert.notEqual(normalName("tongueOut"), normalName("viseme_TH"));
});

test("a model's own visemes are taken; without them ARKit's shapes, without those VRM's five mouths", () => {
  const own = mapModel(readShapes(OVR15.map((name) => `viseme_${name}`)), null, []);
  assert.deepEqual([...mouthWeights(own.visemes, { aa: 0.5 })].filter(([, weight]) => weight > 0), [["viseme_aa", 0.5]]);
  const arkit = mapModel(readShapes(ARKIT52), null, ["head"]);
  const open = mouthWeights(arkit.visemes, { aa: 1 });
  assert.ok(open.get("jawOpen") > 0.5);
  assert.ok(mouthWeights(arkit.visemes, { PP: 1 }).get("mouthPressLeft") > 0.4);
  const five = mapModel(readShapes([]), IN_VRM, []);
  assert.equal(five.mouth, "expressions");
  assert.equal(mouthWeights(five.visemes, { O: 0.7 }).get("oh"), 0.7);
  assert.equal(mapModel(readShapes([]), null, []).mouth, "none");
  assert.equal(mapModel(readShapes(["Fcl_MTH_A", "Fcl_MTH_O"]), IN_VRM, []).mouth, "expressions", "its maker's mouths");
  assert.equal(mapModel(readShapes(["Fcl_MTH_A", "Fcl_MTH_O"]), null, []).mouth, "shapes");
});

test("the report says what is missing", () => {
  const { missing, found } = mapModel(readShapes(["jawOpen", "viseme_aa"]), null, ["head"]);
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

/** An attribute as three has it, of rows of three. */
class Rows {
  needsUpdate = false;
  constructor(array, { stride = 3, from = 0, unit = 1 } = {}) {
    Object.assign(this, { array, stride, from, unit });
  }
  getComponent(row, part) {
    return this.array[row * this.stride + this.from + part] * this.unit;
  }
  floats() {
    const count = Math.floor((this.array.length - this.from + this.stride - 3) / this.stride);
    return Float32Array.from({ length: 3 * count }, (_, at) => this.getComponent(Math.floor(at / 3), at % 3));
  }
}
const plainRows = (...numbers) => new Rows(Float32Array.from(numbers));
const taken = (...meshes) => takeOver(meshes, (rows) => rows.floats(), (values) => new Rows(values));
const meshOf = (attributes, morphAttributes, morphTargetInfluences) => ({
  geometry: { attributes: { ...attributes }, morphAttributes, morphTargetsRelative: true }, morphTargetInfluences, morphTargetDictionary: { a: 0, b: 1 },
});

test("shapes on the CPU give what a vertex program would, and rest when their weights are gone", () => {
  const attributes = { position: plainRows(1, 2, 3, 4, 5, 6, 7, 8, 9), normal: plainRows(0, 0, 1, 0, 1, 0, 1, 0, 0) };
  const morphAttributes = {
    position: [plainRows(0, 0, 0, 1, 0, -2, 0, 0, 0), plainRows(0.5, 0, 0, 2, 0, 0, 0, 0, 0)],
    normal: [plainRows(0, 0, 0, 0, 0.25, 0, 0, 0, 0), plainRows(0, 0, 0, 0, 0, 0, 0, 0, 0.5)],
  };
  const influences = [0.5, 0.25];
  const { geometry } = meshOf(attributes, morphAttributes, influences);
  const [morphs] = taken({ geometry, morphTargetInfluences: influences });
  assert.deepEqual(geometry.morphAttributes, {}, "the renderer sees none of them");
  assert.equal(morphs.apply(), true);
  const { position, normal } = geometry.attributes;
  assert.deepEqual([...position.array], [1.125, 2, 3, 5, 5, 5, 7, 8, 9]);
  assert.deepEqual([...normal.array], [0, 0, 1, 0, 1.125, 0, 1, 0, 0.125]);
  assert.equal(position.needsUpdate, true);
  assert.equal(morphs.apply(), false, "nothing changed");
  influences.fill(0);
  morphs.apply();
  assert.deepEqual([...position.array], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual([...normal.array], [0, 0, 1, 0, 1, 0, 1, 0, 0]);
});

test("shapes on the CPU are right for vertices that lie among other numbers, and for whole numbers", () => {
  const among = Float32Array.from([1, 2, 3, 9, 9, 4, 5, 6, 9, 9]);
  const whole = Int16Array.from([0, 0, 0, 7, 0, 100, 0, 7]);
  const mesh = meshOf({ position: new Rows(among, { stride: 5 }) }, { position: [new Rows(whole, { stride: 4, unit: 0.01 })] }, [0.5]);
  const [morphs] = taken(mesh);
  morphs.apply();
  assert.deepEqual([...mesh.geometry.attributes.position.array], [1, 2, 3, 4, 5.5, 6]);
  assert.deepEqual([...among], [1, 2, 3, 9, 9, 4, 5, 6, 9, 9], "what others use is as it was");
});

test("meshes that share their vertices are moved once", () => {
  const shared = { position: plainRows(1, 2, 3) };
  const far = { position: [plainRows(0, 1, 0), plainRows(1, 0, 0)] };
  const [one, other] = [meshOf(shared, { ...far }, [1, 0]), meshOf(shared, { ...far }, [1, 0])];
  const all = taken(one, other);
  assert.equal(all.length, 1);
  for (const morphs of all) morphs.apply();
  for (const { geometry } of [one, other]) assert.deepEqual([...geometry.attributes.position.array], [1, 3, 3]);
  assert.deepEqual([...shared.position.array], [1, 2, 3]);
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

const places = (named) => (bone) => named[bone] ?? null;
const person = { head: [0, 1.5, 0], hips: [0, 0.9, 0], leftUpperArm: [0.2, 1.4, 0], rightUpperArm: [-0.2, 1.4, 0] };
const turnedBy = (turn) => places(Object.fromEntries(Object.entries(person).map(([bone, at]) => [bone, turn(at)])));
const same = (found, left, up, ahead) => assert.deepEqual(JSON.parse(JSON.stringify(found, (_, value) => (value === 0 ? 0 : value))), { left, up, ahead });

test("a model's axes are those of its bones, whichever way it lies or looks", () => {
  same(axesOf(places(person)), [1, 0, 0], [0, 1, 0], [0, 0, 1]);
  same(axesOf(turnedBy(([x, y, z]) => [x, -z, y])), [1, 0, 0], [0, 0, 1], [0, -1, 0]);
  same(axesOf(turnedBy(([x, y, z]) => [-x, y, -z])), [-1, 0, 0], [0, 1, 0], [0, 0, -1]);
  same(axesOf(turnedBy(([x, y, z]) => [y, x, -z])), [0, 1, 0], [1, 0, 0], [0, 0, -1]);
  same(axesOf(places({})), [1, 0, 0], [0, 1, 0], [0, 0, 1]);
});

test("eyes say where ahead is, even where left and right are named the other way", () => {
  const eyes = { leftEye: [-0.03, 1.6, 0.08], rightEye: [0.03, 1.6, 0.08], leftUpperArm: [-0.2, 1.4, 0], rightUpperArm: [0.2, 1.4, 0] };
  same(axesOf(places({ ...person, ...eyes })), [1, 0, 0], [0, 1, 0], [0, 0, 1]);
});

test("what was made in other units becomes as tall as a person, and a child stays a child", () => {
  for (const [height, tall] of [[1.7, 1.7], [0.9, 0.9], [3, 3], [165, 1.65], [0.017, 1.65], [1650, 1.65]]) {
    assert.ok(Math.abs(height * scaleFor(height) - tall) < 1e-9);
  }
  assert.equal(scaleFor(0), 1);
});

test("a model is put in the middle and on the floor, if it is far from there", () => {
  assert.deepEqual(shiftFor({ min: [-0.5, 0, -0.1], max: [0.5, 1.7, 0.1] }, [0, 1.5, 0.03]), [0, 0, 0]);
  assert.deepEqual(shiftFor({ min: [4.5, -0.9, 2.9], max: [5.5, 0.8, 3.1] }, [5, 0.6, 3]), [-5, 0.9, -3]);
  assert.deepEqual(shiftFor({ min: [4.5, 0, 2.9], max: [5.5, 1.7, 3.1] }, null), [-5, 0, -3]);
});

test("eyes are where bones in the head say, else where the lids are, else where a head has them", () => {
  const box = { min: [-0.5, 0, -0.1], max: [0.5, 1.72, 0.1] };
  const none = { box, eyes: null, lids: null, head: null };
  assert.deepEqual(eyesOf({ ...none, eyes: [0, 1.62, 0.08], head: [0, 1.5, 0] }), [0, 1.62, 0.08]);
  assert.deepEqual(eyesOf({ ...none, eyes: [0, 0, 0], lids: [0, 1.6, 0.1], head: [0, 1.5, 0] }), [0, 1.6, 0.1], "eyes on the floor");
  const [, byHead] = eyesOf({ ...none, head: [0, 1.5, 0] });
  assert.ok(byHead > 1.55 && byHead < 1.66);
  const [, byBox] = eyesOf({ ...none, head: [0, 0, 0] });
  assert.ok(byBox > 1.5 && byBox < 1.7, "a head on the floor");
});

const view = (size) => new DataView(new ArrayBuffer(size));
function glb(document, binary = new Uint8Array()) {
  const text = new TextEncoder().encode(JSON.stringify(document).padEnd(Math.ceil(JSON.stringify(document).length / 4) * 4));
  const out = view(12 + 8 + text.length + 8 + binary.length);
  [0x46546c67, 2, out.byteLength, text.length, 0x4e4f534a].forEach((value, at) => out.setUint32(4 * at, value, true));
  new Uint8Array(out.buffer).set(text, 20);
  out.setUint32(20 + text.length, binary.length, true);
  out.setUint32(24 + text.length, 0x004e4942, true);
  new Uint8Array(out.buffer).set(binary, 28 + text.length);
  return out.buffer;
}
const fine = { asset: { version: "2.0" }, scenes: [{ nodes: [] }], meshes: [{ primitives: [] }] };
const why = (file) => {
  try {
    checkFile(file);
  } catch (problem) {
    assert.ok(problem instanceof Unreadable, problem.stack);
    return problem.message;
  }
  return "";
};

test("what cannot be shown is said in words that a person can do something with", () => {
  assert.equal(why(glb(fine)), "");
  const bytes = (text) => new TextEncoder().encode(text.padEnd(40)).buffer;
  for (const [file, told] of [
    [bytes("Kaydara FBX Binary"), /FBX/], [bytes('{"asset": {}}'), /as text/], [bytes("PK\u0003\u0004"), /ZIP/], [bytes("<!doctype html>"), /web page/],
    [bytes("version https://git-lfs.github.com/spec/v1"), /Git LFS/], [bytes("something"), /no binary glTF/], [new ArrayBuffer(0), /no binary glTF/],
    [glb({ ...fine, extensionsRequired: ["KHR_texture_basisu"] }), /KTX2.*PNG/], [glb({ ...fine, extensionsRequired: ["ACME_thing"] }), /ACME_thing/],
    [glb({ ...fine, extensionsRequired: ["KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_meshopt_compression", "VRMC_vrm"] }), /^$/],
    [glb({ ...fine, meshes: [] }), /no mesh/], [glb({ ...fine, scenes: undefined }), /no scene/],
    [glb({ ...fine, buffers: [{ uri: "body.bin", byteLength: 4 }] }), /other files \(body.bin\)/], [glb({ ...fine, images: [{ uri: "https://example.org/skin.png" }] }), /other files/],
    [glb({ ...fine, buffers: [{ byteLength: 4 }, { uri: "spare.bin", byteLength: 4, extensions: { EXT_meshopt_compression: { fallback: true } } }] }), /^$/],
    [glb({ ...fine, buffers: [{ uri: "data:;base64,AAAA", byteLength: 3 }] }), /as text in it/],
    [glb({ ...fine, accessors: [{ count: 2 ** 30, componentType: 5126, type: "MAT4" }] }), /unpacked/],
    [glb({ ...fine, accessors: [{ componentType: 5126, type: "VEC3" }] }), /how large/],
    [glb({ ...fine, bufferViews: [{ byteLength: 1, extensions: { EXT_meshopt_compression: { count: 2 ** 28, byteStride: 16 } } }] }), /unpacked/],
    [glb(fine).slice(0, 60), /cut off/], [glb(null), /damaged/], [glb([]), /no mesh/],
  ]) assert.match(why(file), told);
  const broken = new Uint8Array(glb(fine));
  broken[24] = 0;
  assert.match(why(broken.buffer), /damaged/);
  const old = new Uint8Array(glb(fine));
  old[4] = 1;
  assert.match(why(old.buffer), /1\.0/);
  assert.throws(() => checkSize(65 * 2 ** 20), /65 MB, and at most 64/);
  assert.doesNotThrow(() => checkSize(64 * 2 ** 20));
});

function png(width, height) {
  const out = view(24);
  out.setUint32(0, 0x89504e47);
  out.setUint32(16, width);
  out.setUint32(20, height);
  return new Uint8Array(out.buffer);
}
function jpeg(width, height) {
  const out = view(40);
  [[0, 0xffd8], [2, 0xffe0], [4, 6], [10, 0xffff], [12, 0xc200]].forEach(([at, value]) => out.setUint16(at, value));
  out.setUint16(13, 8);
  out.setUint16(16, height);
  out.setUint16(18, width);
  return new Uint8Array(out.buffer);
}
function webp(kind, write) {
  const out = view(40);
  [..."RIFF"].forEach((letter, at) => out.setUint8(at, letter.charCodeAt(0)));
  [..."WEBP" + kind].forEach((letter, at) => out.setUint8(8 + at, letter.charCodeAt(0)));
  write(out);
  return new Uint8Array(out.buffer);
}

test("pictures that are too large are told by name, of every kind", () => {
  const webps = (width, height) => [
    webp("VP8 ", (out) => (out.setUint16(26, width, true), out.setUint16(28, height, true))),
    webp("VP8L", (out) => out.setUint32(21, (width - 1) | ((height - 1) << 14), true)),
    webp("VP8X", (out) => (out.setUint16(24, width - 1, true), out.setUint16(27, height - 1, true))),
  ];
  for (const make of [png, jpeg, ...[0, 1, 2].map((at) => (width, height) => webps(width, height)[at])]) {
    assert.deepEqual(pictureSize(make(8192, 16)), [8192, 16]);
    const file = (width, height) => {
      const binary = make(width, height);
      return glb({ ...fine, images: [{ name: "Skin", bufferView: 0 }], bufferViews: [{ buffer: 0, byteOffset: 0, byteLength: binary.length }] }, binary);
    };
    assert.equal(why(file(4096, 4096)), "");
    assert.match(why(file(16, 4097)), /“Skin”.*16 × 4097.*4096/);
  }
  assert.equal(pictureSize(new Uint8Array(50)), null);
});

test("a dropped file is read once it is small enough, and one that is gone is told", async () => {
  assert.equal((await readFile(new Blob([glb(fine)]))).byteLength, glb(fine).byteLength);
  const gone = { size: 10, arrayBuffer: () => Promise.reject(new DOMException("", "NotFoundError")) };
  await assert.rejects(readFile(gone), /moved or changed/);
  const large = { size: 2 ** 27, arrayBuffer: () => assert.fail("it is not read") };
  await assert.rejects(readFile(large), /128 MB/);
});
