// A VRM animation as numbers: reading the file, sampling it, and warping its time to a cue. Pure.

/**
 * @typedef {object} Clip
 * @property {Map<string, {times: Float32Array, turns: Float32Array}>} bones local rotations (x, y, z, w) by VRM bone.
 * @property {number} length_s
 */

/**
 * Reads a `.vrma`: binary glTF with `VRMC_vrm_animation`, of which the rotations are used.
 *
 * @param {ArrayBuffer} file
 * @returns {Clip}
 */
export function readClip(file) {
  const view = new DataView(file);
  if (view.byteLength < 28 || view.getUint32(0, true) !== 0x46546c67) throw new Error("not a binary glTF");
  const jsonLength = view.getUint32(12, true);
  const json = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 20, jsonLength)));
  const data = 20 + jsonLength + 8;
  const floats = (index) => {
    const accessor = json.accessors[index];
    const part = json.bufferViews[accessor.bufferView];
    const at = data + (part.byteOffset ?? 0) + (accessor.byteOffset ?? 0);
    const width = { SCALAR: 1, VEC3: 3, VEC4: 4 }[accessor.type];
    return new Float32Array(file.slice(at, at + 4 * width * accessor.count));
  };
  const human = json.extensions.VRMC_vrm_animation.humanoid.humanBones;
  const boneOf = new Map(Object.entries(human).map(([bone, { node }]) => [node, bone]));
  const { channels, samplers } = json.animations[0];
  const bones = new Map();
  let length_s = 0;
  for (const { sampler, target } of channels) {
    if (target.path !== "rotation" || !boneOf.has(target.node)) continue;
    const times = floats(samplers[sampler].input);
    bones.set(boneOf.get(target.node), { times, turns: floats(samplers[sampler].output) });
    length_s = Math.max(length_s, times[times.length - 1]);
  }
  return { bones, length_s };
}

/**
 * The rotation of one bone at a time; before the first key and after the last it stands.
 *
 * @returns {number[]} x, y, z, w.
 */
export function turnAt({ times, turns }, at_s) {
  let high = times.length - 1;
  if (at_s <= times[0]) return quad(turns, 0);
  if (at_s >= times[high]) return quad(turns, high);
  let low = 0;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (times[middle] <= at_s) low = middle;
    else high = middle;
  }
  return slerp(quad(turns, low), quad(turns, high), (at_s - times[low]) / (times[high] - times[low]));
}

/** @returns {number[]} */
const quad = (turns, index) => [turns[4 * index], turns[4 * index + 1], turns[4 * index + 2], turns[4 * index + 3]];

/** From one rotation to another along the shorter way. */
export function slerp(a, b, part) {
  let dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
  const sign = dot < 0 ? -1 : 1;
  dot *= sign;
  let ka = 1 - part;
  let kb = part * sign;
  if (dot < 0.9995) {
    const angle = Math.acos(dot);
    ka = Math.sin(ka * angle) / Math.sin(angle);
    kb = (sign * Math.sin(part * angle)) / Math.sin(angle);
  }
  const mixed = [0, 1, 2, 3].map((i) => ka * a[i] + kb * b[i]);
  const length = Math.hypot(...mixed);
  return mixed.map((x) => x / length);
}

/** @param {number[]} a @param {number[]} b @returns {number[]} */
export const times = ([ax, ay, az, aw], [bx, by, bz, bw]) => [
  aw * bx + ax * bw + ay * bz - az * by, aw * by - ax * bz + ay * bw + az * bx,
  aw * bz + ax * by - ay * bx + az * bw, aw * bw - ax * bx - ay * by - az * bz,
];

/** @param {number[]} turn @returns {number[]} */
export const inverse = ([x, y, z, w]) => [-x, -y, -z, w];

/** Names of a gesture's sync points, in order. */
export const SYNC = ["start_ms", "stroke_start_ms", "stroke_ms", "stroke_end_ms", "relax_ms", "end_ms"];

/**
 * Which time of the clip belongs to a time of the cue: its sync points fall on the cue's, between two time runs evenly.
 *
 * @param {object} sync of the clip, with the names of `SYNC`.
 * @param {object} cue with the same names, never decreasing.
 */
export function warp(sync, cue, at_ms) {
  if (at_ms <= cue.start_ms) return sync.start_ms;
  for (let i = 1; i < SYNC.length; i++) {
    const [from, to] = [cue[SYNC[i - 1]], cue[SYNC[i]]];
    if (at_ms < to) return sync[SYNC[i - 1]] + ((at_ms - from) / (to - from)) * (sync[SYNC[i]] - sync[SYNC[i - 1]]);
  }
  return sync.end_ms;
}

const ease = (x) => x * x * (3 - 2 * x);
const unit = (x) => Math.max(0, Math.min(1, x));

/** How much of the gesture shows at a time: in from its start to its stroke, out from its relaxing to its end, 0..1. */
export function presence(cue, at_ms) {
  const rise = (at_ms - cue.start_ms) / Math.max(1, cue.stroke_start_ms - cue.start_ms);
  const fall = (cue.end_ms - at_ms) / Math.max(1, cue.end_ms - cue.relax_ms);
  return ease(unit(Math.min(rise, fall)));
}

/** Whether a bone is one of the hand's fingers, which are always played in full. */
export const isFinger = (bone) => /Thumb|Index|Middle|Ring|Little/.test(bone);

/** The rotation with the amplitude of the cue: `slerp(rest, clip, floor + (1 - floor) * amplitude)`. */
export function amplified(bone, rest, turn, floor, amplitude) {
  return isFinger(bone) ? turn : slerp(rest, turn, floor + (1 - floor) * amplitude);
}

/** The other side's bone, and the same rotation mirrored. */
export const otherBone = (bone) => (bone.startsWith("left") ? `right${bone.slice(4)}` : bone.startsWith("right") ? `left${bone.slice(5)}` : bone);
export const mirrored = ([x, y, z, w]) => [x, -y, -z, w];
