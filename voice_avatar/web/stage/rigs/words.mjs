// Names that people give to bones and shapes, as words. Pure. RigWords.cs does the same for Unity; vectors/rigs.json
// holds both to it.

import { TABLE } from "./table.mjs";

const LEFT = new Set(TABLE.bones.left);
const RIGHT = new Set(TABLE.bones.right);
const WORDS = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\sA-Za-z0-9_.:|/()[\]-]+/g;

/** `Bip01_L_UpperArm` is bip, 01, l, upper, arm. @param {string} name @returns {string[]} */
export function wordsOf(name) {
  const words = (name.match(WORDS) ?? []).map((word) => word.toLowerCase());
  return words.flatMap((word) => (/^[左右]./.test(word) ? [word[0], word.slice(1)] : [word]));
}

/** @param {string} word @returns {"left" | "right" | ""} */
export function sideOf(word) {
  return LEFT.has(word) ? "left" : RIGHT.has(word) ? "right" : "";
}

export const isNumber = (/** @type {string} */ word) => /^[0-9]+$/.test(word);

/**
 * The words that most names begin with, in turn: a maker's prefix, as in `Robot_Hips` and `Robot_Head`.
 *
 * @param {string[][]} all words of every name.
 * @param {Set<string>} meant words that mean something themselves.
 * @returns {string[]} none of few names.
 */
export function sharedPrefix(all, meant = new Set()) {
  const shared = [];
  let rest = all.filter((words) => words.length > 1);
  while (rest.length >= 4) {
    const counts = new Map();
    for (const [first] of rest) counts.set(first, (counts.get(first) ?? 0) + 1);
    const [word, count] = [...counts].reduce((best, one) => (one[1] > best[1] ? one : best));
    if (count < 0.6 * all.length || sideOf(word) || meant.has(word)) break;
    shared.push(word);
    rest = rest.filter(([first, ...more]) => first === word && more.length > 1).map((words) => words.slice(1));
  }
  return shared;
}

/** Leaves out a prefix, as far as a name begins with it, but never all of the name. @param {string[]} words @param {string[]} prefix */
export function withoutPrefix(words, prefix) {
  let at = 0;
  while (at < prefix.length && at < words.length - 1 && words[at] === prefix[at]) at++;
  return words.slice(at);
}
