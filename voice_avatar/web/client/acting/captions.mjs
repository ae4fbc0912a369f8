// Captions of one reply: which word is heard, and what was said before an interruption. Pure.
// PROTOCOL.md, sections 5 and 8 (`reply.text`, `reply.segment`). A `char` counts code points; what
// is given out are UTF-16 units, by which JavaScript cuts strings.

/**
 * @typedef {[text: string, start_ms: number, end_ms: number, char: number]} Word
 *
 * @typedef {object} Spoken
 * @property {number} index of the last word that has begun; -1 before the first one.
 * @property {boolean} isNow whether it is being spoken, or already over.
 * @property {number} char code points of the reply up to the end of that word.
 *
 * @typedef {object} Caption
 * @property {string} text of the reply, as far as it is known.
 * @property {number} spokenTo UTF-16 units up to the end of the last word that has begun.
 * @property {{from: number, to: number} | null} word the one that is heard now, in UTF-16 units.
 * @property {number | null} struckFrom where text begins that was never heard; null = none.
 */

/**
 * Returns the last word that has begun.
 * @param {readonly Word[]} words of all segments, in order.
 * @param {number} tMs the time that is heard.
 * @returns {Spoken}
 */
export function wordAt(words, tMs) {
  let [from, to] = [0, words.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (words[middle][1] <= tMs) from = middle + 1;
    else to = middle;
  }
  const index = from - 1;
  if (index < 0) return { index, isNow: false, char: 0 };
  const [word, , endMs, char] = words[index];
  return { index, isNow: tMs < endMs, char: char + [...word].length };
}

/**
 * Returns how many UTF-16 units the first code points of a text have.
 * @param {string} text
 * @param {number} chars
 */
export function utf16(text, chars) {
  let units = 0;
  for (let left = chars; left > 0 && units < text.length; left -= 1) {
    units += /** @type {number} */ (text.codePointAt(units)) > 0xffff ? 2 : 1;
  }
  return units;
}

/** The captions of one reply. */
export class CaptionTrack {
  #text = "";
  #chars = 0;
  /** @type {Word[]} */
  #words = [];
  /** @type {number | null} code points that were heard. */
  #heard = null;

  /** Text of the reply, as far as it is known. */
  get text() {
    return this.#text;
  }

  /**
   * Takes a `reply.text` message.
   * @param {{text: string, char: number}} message
   */
  addText({ text, char }) {
    if (char > this.#chars) this.#append(" ".repeat(char - this.#chars));
    const known = this.#chars - char;
    this.#append(known > 0 ? text.slice(utf16(text, known)) : text);
  }

  /**
   * Takes a `reply.segment` message.
   * @param {{words: Word[]}} message
   */
  addSegment({ words }) {
    this.#words.push(...words);
  }

  /**
   * The reply was interrupted, or is over: what comes after `spoken` was not heard.
   * @param {string} spoken `spoken_text` of the server, the beginning of the text.
   */
  end(spoken) {
    this.#heard = [...spoken].length;
  }

  /**
   * @param {number} tMs the time that is heard.
   * @returns {Caption}
   */
  at(tMs) {
    const spoken = wordAt(this.#words, tMs);
    const end = this.#heard === null ? spoken.char : Math.min(spoken.char, this.#heard);
    const spokenTo = utf16(this.#text, end);
    let word = null;
    if (spoken.isNow && this.#heard === null) {
      word = { from: utf16(this.#text, this.#words[spoken.index][3]), to: spokenTo };
    }
    const heardTo = this.#heard === null ? null : utf16(this.#text, this.#heard);
    const isStruck = heardTo !== null && this.#text.slice(heardTo).trim() !== "";
    return { text: this.#text, spokenTo, word, struckFrom: isStruck ? heardTo : null };
  }

  /** @param {string} text */
  #append(text) {
    this.#text += text;
    this.#chars += [...text].length;
  }
}
