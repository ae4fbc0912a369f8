// Where a model that is no VRM has to stand: upright, before the camera, as large as a person. Pure: places in, turn,
// scale and place out.

/** Heights that an avatar may have, metres; what is outside was made in other units, and becomes as tall as a person. */
const LEAST_M = 0.2;
const MOST_M = 4;
const PERSON_M = 1.65;

/** How far from the middle or below the floor a model may be as it comes, metres. */
const ASIDE_M = 0.05;
const AHEAD_M = 0.15;

/** @typedef {[number, number, number]} Triple */

const minus = (/** @type {Triple} */ a, /** @type {Triple} */ b) => /** @type {Triple} */ (a.map((value, i) => value - b[i]));
const cross = (/** @type {Triple} */ a, /** @type {Triple} */ b) => /** @type {Triple} */ ([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]);
const middle = (/** @type {Triple} */ a, /** @type {Triple} */ b) => /** @type {Triple} */ (a.map((value, i) => (value + b[i]) / 2));

/** The axis that a direction goes along most, but for some; null if it has no length. @param {Triple} direction @param {Triple | null} not */
function axisOf(direction, not = null) {
  const lengths = direction.map((value, i) => (not?.[i] ? 0 : Math.abs(value)));
  const most = Math.max(...lengths);
  if (!(most > 1e-9)) return null;
  const at = lengths.indexOf(most);
  return /** @type {Triple} */ ([0, 1, 2].map((i) => (i === at ? Math.sign(direction[i]) : 0)));
}

/**
 * The axes of a model: which way is up, to its left, and ahead. Where bones don't tell they are those of glTF.
 *
 * @param {(bone: string) => Triple | null} placeOf
 * @returns {{left: Triple, up: Triple, ahead: Triple}}
 */
export function axesOf(placeOf) {
  const first = (/** @type {string[]} */ names) => names.map(placeOf).find((place) => place !== null) ?? null;
  const [top, bottom] = [first(["head", "neck"]), first(["hips", "spine", "chest"])];
  const up = (top && bottom && axisOf(minus(top, bottom))) || /** @type {Triple} */ ([0, 1, 0]);
  const [left, right] = ["left", "right"].map((side) => first(["UpperArm", "Shoulder", "LowerArm", "Hand", "Eye"].map((name) => side + name)));
  const across = left && right && axisOf(minus(left, right), up);
  const [head, leftEye, rightEye] = ["head", "leftEye", "rightEye"].map(placeOf);
  // Eyes look ahead, whichever hand is called the left one.
  const sight = head && leftEye && rightEye ? minus(middle(leftEye, rightEye), head) : null;
  const wide = leftEye && rightEye ? Math.hypot(...minus(leftEye, rightEye)) : 0;
  const seen = sight && axisOf(sight, up);
  const isClear = sight && seen && Math.abs(sight.reduce((sum, value, i) => sum + value * seen[i], 0)) > 0.4 * wide;
  const ahead = (isClear && seen) || (across && cross(across, up)) || axisOf(cross([1, 0, 0], up)) || /** @type {Triple} */ ([0, 0, 1]);
  return { left: cross(up, ahead), up, ahead };
}

/**
 * How much larger a model has to be; 1 = it is of a person's kind.
 *
 * @param {number} heightM
 */
export function scaleFor(heightM) {
  return heightM > 0 && (heightM < LEAST_M || heightM > MOST_M) ? PERSON_M / heightM : 1;
}

/**
 * How far a model has to be moved to stand in the middle, on the floor.
 *
 * @param {{min: Triple, max: Triple}} box around it, upright and of its size.
 * @param {Triple | null} head where its head is.
 * @returns {Triple}
 */
export function shiftFor({ min, max }, head) {
  const at = head ?? middle(min, max);
  const isSunk = min[1] < -ASIDE_M;
  const isAloft = min[1] > MOST_M / 2;
  return [Math.abs(at[0]) > ASIDE_M ? -at[0] : 0, isSunk || isAloft ? -min[1] : 0, Math.abs(at[2]) > AHEAD_M ? -at[2] : 0];
}

/**
 * Where the eyes are: as the bones say if these are in the head, else as the shapes that shut them say, else where a
 * head of this size has them.
 *
 * @param {object} known
 * @param {{min: Triple, max: Triple}} known.box around the model.
 * @param {Triple | null} known.eyes the middle between the bones of the eyes.
 * @param {Triple | null} known.lids the middle of what shuts the eyes.
 * @param {Triple | null} known.head the bone of the head.
 * @returns {Triple}
 */
export function eyesOf({ box: { min, max }, eyes, lids, head }) {
  const slack = 0.1 * (max[1] - min[1]);
  const isInside = (/** @type {Triple} */ at) => at.every((value, i) => value >= min[i] - slack && value <= max[i] + slack);
  const isHigh = (/** @type {Triple} */ at) => isInside(at) && at[1] > min[1] + 0.4 * (max[1] - min[1]);
  const skull = head && isHigh(head) ? head : null;
  const isInHead = (/** @type {Triple} */ at) => (skull ? isInside(at) && at[1] > skull[1] - slack : isHigh(at));
  if (eyes && isInHead(eyes)) return eyes;
  if (lids && isInside(lids)) return lids;
  if (skull) return [skull[0], skull[1] + Math.max(0.02, Math.min(0.12, 0.4 * (max[1] - skull[1]))), skull[2]];
  return [(min[0] + max[0]) / 2, max[1] - 0.08 * (max[1] - min[1]), (min[2] + max[2]) / 2];
}
