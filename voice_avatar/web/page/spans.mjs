// A caption cut into pieces of one look. Pure.

/** @typedef {{text: string, spokenTo: number, word: {from: number, to: number} | null, struckFrom: number | null}} Caption */

/**
 * @param {Caption} caption of the client; offsets are UTF-16 units.
 * @returns {{text: string, look: "said" | "now" | "cut" | "ahead"}[]} in order, none empty.
 */
export function spansOf({ text, spokenTo, word, struckFrom }) {
  const end = struckFrom ?? text.length;
  const said = Math.min(spokenTo, end);
  /** @type {["said" | "now" | "cut" | "ahead", number, number][]} */
  const pieces = word
    ? [["said", 0, Math.min(word.from, end)], ["now", word.from, Math.min(word.to, end)], ["ahead", word.to, end]]
    : [["said", 0, struckFrom === null ? said : end], ["ahead", struckFrom === null ? said : end, end]];
  pieces.push(["cut", end, text.length]);
  return pieces.flatMap(([look, from, to]) => (to > from ? [{ text: text.slice(from, to), look }] : []));
}

/**
 * The sentence that is spoken now, for the caption on the stage.
 *
 * @param {Caption} caption
 * @param {number} most characters that fit.
 * @returns {Caption} with the same meaning, shorter.
 */
export function nearCaption(caption, most = 150) {
  const { text, spokenTo, word, struckFrom } = caption;
  const at = Math.max(0, Math.min(word ? word.from : spokenTo - 1, text.length - 1));
  const ends = /[.!?。！？](\s|$)|[。！？]/gu;
  let from = 0;
  let to = text.length;
  for (const match of text.matchAll(ends)) {
    const end = match.index + match[0].length;
    if (end <= at) from = end;
    else {
      to = end;
      break;
    }
  }
  while (to - from > most) {
    // too long a sentence: the part around the word
    const space = text.indexOf(" ", from + Math.floor(most * 0.7));
    if (space < 0 || space >= to) break;
    if (at >= space) from = space + 1;
    else to = space;
  }
  const shift = (/** @type {number} */ value) => Math.max(0, Math.min(to, value) - from);
  return {
    text: text.slice(from, to),
    spokenTo: shift(spokenTo),
    word: word && word.from < to && word.to > from ? { from: shift(word.from), to: shift(word.to) } : null,
    struckFrom: struckFrom === null || struckFrom >= to ? null : shift(struckFrom),
  };
}

/** Whether two captions look the same, so that nothing has to be drawn again. @param {Caption | null} a @param {Caption | null} b */
export const sameLook = (a, b) =>
  a !== null && b !== null && a.text === b.text && a.spokenTo === b.spokenTo && a.word?.from === b.word?.from && a.word?.to === b.word?.to && a.struckFrom === b.struckFrom;
