// Which shapes and bones of a model are the ones that we drive. Pure: names in, names out.

import { ARKIT52, OVR15 } from "../client/acting/sets.mjs";

/** Bones without which a model cannot be driven well, by their VRM names. */
export const BONES = [
  "hips", "spine", "chest", "neck", "head", "leftEye", "rightEye", "leftShoulder", "leftUpperArm", "leftLowerArm",
  "leftHand", "rightShoulder", "rightUpperArm", "rightLowerArm", "rightHand",
];

/**
 * What a model's shapes are.
 *
 * @typedef {object} ShapesRead
 * @property {Map<string, string[]>} arkit ARKit's names to the model's own; several where ours is in parts.
 * @property {string[]} direct visemes that have a shape of their own.
 * @property {Map<string, Record<string, number>>} visemes for each viseme the weights of the shapes that make it up.
 * @property {Map<string, Record<string, number>>} expressions likewise; for models without ARKit's shapes.
 * @property {string} rig whose kind of names they are; "" = none that is known.
 */

/**
 * Reads shapes that are named as ours are; the names of everybody else's are in `rigs/`, which is loaded when it is wanted.
 *
 * @param {string[]} shapes names of the model's morph targets.
 * @returns {ShapesRead | null} null if they are not.
 */
export function plainShapes(shapes) {
  const has = new Set(shapes);
  if (![...OVR15.map((name) => `viseme_${name}`), ...ARKIT52].every((name) => has.has(name))) return null;
  const visemes = new Map(OVR15.map((name) => [name, { [`viseme_${name}`]: 1 }]));
  return { arkit: new Map(ARKIT52.map((name) => [name, [name]])), direct: OVR15.slice(), visemes, expressions: new Map(), rig: "ovr" };
}

/**
 * Finds out how a model shows visemes and ARKit's shapes.
 *
 * @param {ShapesRead} shapes
 * @param {Record<string, Record<string, number>> | null} inExpressions the visemes in the VRM's own mouths; null = it has none.
 * @param {string[]} bones VRM names of its bones.
 * @returns {ShapesRead & {mouth: string, found: object, missing: object}} `mouth`: where visemes live, `shapes`,
 *   `expressions` or `none`.
 */
export function mapModel(shapes, inExpressions, bones) {
  let { visemes } = shapes;
  let mouth = "shapes";
  const isOwn = shapes.direct.includes("aa") || shapes.rig === "arkit";
  // The five mouths of a VRM are its maker's; what is guessed from vowels is not better.
  if (!visemes.has("aa") || (inExpressions && !isOwn)) {
    mouth = inExpressions ? "expressions" : "none";
    visemes = new Map(Object.entries(inExpressions ?? {}));
  }
  return {
    ...shapes, visemes, mouth,
    found: { visemes: shapes.direct, arkit: [...shapes.arkit.keys()], bones: BONES.filter((name) => bones.includes(name)) },
    missing: {
      visemes: OVR15.filter((name) => !shapes.direct.includes(name)),
      arkit: ARKIT52.filter((name) => !shapes.arkit.has(name)),
      bones: BONES.filter((name) => !bones.includes(name)),
    },
  };
}

/**
 * The weights of a model's own targets for a mouth.
 *
 * @param {Map<string, Object<string, number>>} table `visemes` of `mapModel`.
 * @param {Object<string, number>} mouth weight of each viseme, 0..1.
 * @returns {Map<string, number>}
 */
export function mouthWeights(table, mouth) {
  const weights = new Map();
  for (const [viseme, parts] of table) {
    const much = mouth[viseme] ?? 0;
    for (const [target, part] of Object.entries(parts)) weights.set(target, Math.min(1, (weights.get(target) ?? 0) + much * part));
  }
  return weights;
}
