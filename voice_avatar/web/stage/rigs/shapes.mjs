// Which shapes of a model are those that we drive, by their names. Pure. RigShapes.cs does the same for Unity.

import { ARKIT52, OVR15 } from "../../client/acting/sets.mjs";
import { TABLE } from "./table.mjs";
import { isNumber, sharedPrefix, sideOf, withoutPrefix, wordsOf } from "./words.mjs";

export * from "./expressions.mjs";

const NOISE = new Set(TABLE.noise);
const PREFIXES = new Set(TABLE.prefixes);

/** What follows the last "." that is no side or number, and begins with VRoid's mark where it has one. */
function bare(/** @type {string} */ name) {
  const parts = name.split(/\.|:|\||\/|__/).filter((part) => part !== "");
  while (parts.length > 1 && isNumber(parts[parts.length - 1])) parts.pop();
  const last = parts.pop() ?? "";
  const whole = sideOf(last.toLowerCase()) && parts.length ? `${parts[parts.length - 1]}_${last}` : last;
  const vroid = whole.search(/fcl_/i);
  return vroid > 0 ? whole.slice(vroid) : whole;
}

/** Words with their side at the end, joined. @param {string[]} words */
function joined(words) {
  if (words.length > 1 && !PREFIXES.has(words[0])) {
    let at = words.length - 1;
    while (at >= 0 && !sideOf(words[at])) at--;
    if (at >= 0) return [...words.slice(0, at), ...words.slice(at + 1), sideOf(words[at])].join("");
  }
  return words.join("");
}

/** A shape's name in one form: `blendShape1.Mouth_Smile_L` and `mouthSmileLeft` are the same. @param {string} name */
export function normalName(name) {
  return joined(wordsOf(bare(name)));
}

/** Finds a model's shapes by our names. */
class Shapes {
  /** @type {Map<string, string>} the form to the model's own name; the first of a form counts. */
  #byName = new Map();

  /** @param {string[]} names */
  constructor(names) {
    const words = names.map((name) => wordsOf(bare(name)));
    const prefix = sharedPrefix(words, PREFIXES);
    const forms = names.map((_, at) => [words[at], withoutNoise(words[at]), withoutNoise(withoutPrefix(words[at], prefix))].map(joined));
    for (const which of [0, 1, 2]) {
      names.forEach((name, at) => {
        const form = forms[at][which];
        if (!this.#byName.has(form)) this.#byName.set(form, name);
      });
    }
  }

  /** The model's shapes that together are one of ours; none if it has none. @param {string} name */
  find(name) {
    /** @type {string} */
    const spelt = TABLE.shapes[name] ?? normalName(name);
    for (const one of spelt.split(" ")) {
      const own = one.split("+").flatMap((part) => this.#byName.get(part) ?? []);
      if (own.length) return [...new Set(own)];
    }
    return [];
  }

  /** What a recipe makes of them: names and weights in turn, "*" for both sides. @param {string} recipe */
  cooked(recipe) {
    /** @type {Record<string, number>} */
    const weights = {};
    const words = recipe.split(" ");
    for (let at = 0; at + 1 < words.length; at += 2) {
      const sides = words[at].endsWith("*") ? ["Left", "Right"] : [""];
      const own = new Set(sides.flatMap((side) => this.find(words[at].replace("*", side))));
      for (const name of own) weights[name] = Math.max(weights[name] ?? 0, Number(words[at + 1]));
    }
    return weights;
  }
}

/** `A25_Jaw_Open` and `ARKit_jawOpen` are what their last words say. @param {string[]} words */
function withoutNoise(words) {
  let rest = words;
  for (;;) {
    const isCode = rest.length > 2 && rest[0].length === 1 && isNumber(rest[1]);
    if (isCode) rest = rest.slice(2);
    else if (rest.length > 1 && (NOISE.has(rest[0]) || isNumber(rest[0]))) rest = rest.slice(1);
    else return rest;
  }
}

/**
 * Reads the names of a model's shapes.
 *
 * @param {string[]} names
 * @returns {import("../mapping.mjs").ShapesRead}
 */
export function readShapes(names) {
  const shapes = new Shapes(names);
  /** @type {Map<string, string[]>} */
  const arkit = new Map();
  for (const name of ARKIT52) {
    const own = shapes.find(name);
    if (own.length) arkit.set(name, own);
  }
  const own = new Map(OVR15.map((viseme) => [viseme, shapes.find(`viseme_${viseme}`)]));
  const direct = OVR15.filter((viseme) => own.get(viseme)?.length);
  const rig = TABLE.rigs.find(({ needs }) => needs.split(" ").every((one) => shapes.find(one).length));
  const visemes = new Map();
  for (const viseme of OVR15) {
    const recipe = rig?.visemes[viseme];
    const weights = direct.includes(viseme) ? Object.fromEntries((own.get(viseme) ?? []).map((name) => [name, 1])) : recipe ? shapes.cooked(recipe) : {};
    if (Object.keys(weights).length) visemes.set(viseme, weights);
  }
  const expressions = new Map(Object.entries(TABLE.expressions).map(([name, recipe]) => [name, shapes.cooked(recipe)]));
  return { arkit, direct, visemes, expressions, rig: direct.length >= 10 ? "ovr" : (rig?.name ?? "") };
}
