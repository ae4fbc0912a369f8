// Which nodes of a model are the bones that we turn, by their names and their places in the tree. Pure. RigBones.cs does
// the same for Unity.

import { TABLE } from "./table.mjs";
import { isNumber, sharedPrefix, sideOf, withoutPrefix, wordsOf } from "./words.mjs";

const NOISE = new Set(TABLE.bones.noise);
const LONG_NOISE = TABLE.bones.noise.filter((word) => word.length >= 6);
const PARTS = Object.entries(TABLE.bones.parts);

/**
 * @typedef {object} RigNode
 * @property {string} name as the file has it.
 * @property {number} parent its index; -1 = none.
 * @property {"joint" | "node" | "mesh" | "skin"} kind `joint` = a skin hangs on it; `mesh` = it shows something itself;
 *   `skin` = what it shows hangs on joints, so that it is none itself.
 *
 * @typedef {object} Reading
 * @property {"left" | "right" | ""} side
 * @property {string} text what is left of the name: `upperarm`.
 * @property {string} numbered the same with its numbers.
 * @property {boolean} hasNumber
 */

/** @param {string[]} given @returns {Reading} */
function readingOf(given) {
  let words = [...given];
  while (words.length > 1 && (NOISE.has(words[0]) || isNumber(words[0]))) words.shift();
  while (words.length > 1 && NOISE.has(words[words.length - 1])) words.pop();
  const begins = LONG_NOISE.find((word) => words[0]?.startsWith(word) && words[0].length > word.length);
  if (begins) words[0] = words[0].slice(begins.length);
  /** @type {"left" | "right" | ""} */
  let side = "";
  const at = words.findIndex((word) => sideOf(word) !== "");
  if (at >= 0) {
    side = sideOf(words[at]);
    words.splice(at, 1);
  }
  const numbered = words.join("");
  let text = words.filter((word) => !isNumber(word)).join("");
  for (const one of /** @type {const} */ (["left", "right"])) {
    if (side || text === one) continue;
    if (text.startsWith(one)) [side, text] = [one, text.slice(one.length)];
    else if (text.endsWith(one)) [side, text] = [one, text.slice(0, -one.length)];
  }
  return { side, text, numbered, hasNumber: words.some(isNumber) };
}

class Tree {
  /** @param {RigNode[]} nodes */
  constructor(nodes) {
    this.nodes = nodes;
    const words = nodes.map(({ name }) => wordsOf(name));
    const joints = words.filter((_, at) => nodes[at].kind === "joint");
    const prefix = sharedPrefix(joints.length ? joints : words);
    /** @type {Reading[]} */
    this.readings = words.map((one) => {
      const plain = readingOf(one);
      return PARTS.some(([, names]) => names.includes(plain.text)) ? plain : readingOf(withoutPrefix(one, prefix));
    });
    this.hasJoints = joints.length > 0;
  }

  /** The nodes above one, the nearest first. @param {number} at @returns {number[]} */
  above(at) {
    const found = [];
    for (let up = this.nodes[at].parent; up >= 0 && found.length <= this.nodes.length; up = this.nodes[up].parent) found.push(up);
    return found;
  }

  /**
   * The best node of a part; -1 = there is none.
   *
   * @param {string} part
   * @param {string} side
   * @param {{among?: Set<number> | null, not?: number, under?: number}} where
   */
  find(part, side, { among = null, not = -1, under = -1 } = {}) {
    /** @type {string[]} */
    const names = TABLE.bones.parts[part];
    let best = -1;
    let bestKey = /** @type {number[]} */ ([]);
    this.nodes.forEach(({ kind }, at) => {
      const reading = this.readings[at];
      const rank = names.indexOf(reading.text);
      if (rank < 0 || kind === "skin" || reading.side !== side || at === not || (among && !among.has(at))) return;
      const above = this.above(at);
      const far = under >= 0 && !above.includes(under) ? 1 : 0;
      const key = [kind === "joint" ? 0 : kind === "node" ? 1 : 2, far, rank, reading.hasNumber ? 1 : 0, above.length];
      if (best < 0 || isBefore(key, bestKey)) [best, bestKey] = [at, key];
    });
    return best;
  }
}

/** @param {number[]} a @param {number[]} b */
function isBefore(a, b) {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && a[at] < b[at];
}

/**
 * @param {RigNode[]} nodes of a model, parents before their children or not.
 * @returns {Map<string, number>} VRM's names of the bones that were found, to indices.
 */
export function findBones(nodes) {
  const tree = new Tree(nodes);
  const found = new Map();
  const take = (/** @type {string} */ bone, /** @type {number} */ at) => at >= 0 && found.set(bone, at);
  const family = TABLE.bones.families.find(({ needs }) => needs.split(" ").every((one) => byNumber(tree, one) >= 0));
  if (family) for (const [bone, name] of Object.entries(family.bones)) take(bone, byNumber(tree, name));
  else spineOf(tree, take);
  const head = found.get("head") ?? -1;
  for (const side of ["left", "right"]) {
    take(`${side}Eye`, tree.find("eye", side, { under: head }));
    armOf(tree, side, found, take);
  }
  return found;
}

/** @param {Tree} tree @param {string} name */
function byNumber(tree, name) {
  const hits = tree.readings.flatMap(({ numbered }, at) => (numbered === name ? [at] : []));
  return hits.find((at) => tree.nodes[at].kind === "joint") ?? hits[0] ?? -1;
}

/** From the hips to the head: what is on the way up belongs to it, whatever else has such a name. @param {Tree} tree */
function spineOf(tree, /** @type {(bone: string, at: number) => void} */ take) {
  const head = tree.find("head", "");
  const lone = tree.find("neck", "");
  const way = head >= 0 ? tree.above(head) : lone >= 0 ? [lone, ...tree.above(lone)] : [];
  const among = way.length ? new Set(way) : null;
  const central = (/** @type {string} */ part) => {
    const onTheWay = tree.find(part, "", { among });
    return onTheWay >= 0 ? onTheWay : tree.find(part, "");
  };
  const hips = central("hips");
  const neck = central("neck");
  take("head", head);
  take("neck", neck);
  take("hips", hips);
  const isSpine = (/** @type {number} */ at) => at !== hips && tree.nodes[at].kind !== "skin" && tree.readings[at].side === "" && TABLE.bones.parts.spine.includes(tree.readings[at].text);
  let spine = way.filter((at) => isSpine(at) && (hips < 0 || !way.includes(hips) || tree.above(at).includes(hips))).reverse();
  if (!way.length) {
    const lowest = tree.find("spine", "");
    spine = lowest >= 0 ? [lowest] : [];
  }
  if (spine.length) take("spine", spine[0]);
  if (spine.length > 1) take("chest", spine[Math.floor(spine.length / 2)]);
  if (spine.length > 2) take("upperChest", spine[spine.length - 1]);
}

/** @param {Tree} tree @param {string} side @param {Map<string, number>} found @param {(bone: string, at: number) => void} take */
function armOf(tree, side, found, take) {
  const lower = tree.find("lowerArm", side);
  let shoulder = tree.find("shoulder", side);
  const upper = tree.find("upperArm", side, { not: shoulder });
  // Where there is no other upper arm, what is called a shoulder and carries the forearm is one.
  const isArm = upper < 0 && shoulder >= 0 && lower >= 0 && tree.nodes[lower].parent === shoulder;
  take(`${side}UpperArm`, isArm ? shoulder : upper);
  if (isArm) shoulder = -1;
  take(`${side}Shoulder`, shoulder);
  take(`${side}LowerArm`, lower);
  take(`${side}Hand`, tree.find("hand", side));
}
