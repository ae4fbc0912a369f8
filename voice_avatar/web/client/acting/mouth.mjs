// The mouth at a time, from the keys of `visemes` messages. Pure. PROTOCOL.md, section 10.

import { share } from "./timing.mjs";

/** Time in which the mouth closes after an interruption, ms (PROTOCOL.md, section 6, rule 6). */
export const CLOSE_MS = 80;

/** @typedef {[t_ms: number, viseme: number, weight: number]} Key */

/** The mouth of one reply. */
export class MouthTrack {
  /** @type {{t: number, weights: Map<number, number>}[]} */
  #poses = [];
  /** @type {number | null} */
  #cutMs = null;
  #at = 0;

  /** Up to where the mouth is known, ms; 0 before the first message. */
  untilMs = 0;

  /**
   * Takes a `visemes` message. Keys of one message and one time are one pose.
   * @param {{keys: Key[], until_ms: number}} message
   */
  add({ keys, until_ms }) {
    let last = null;
    for (const [t, viseme, weight] of keys) {
      if (last === null || last.t !== t) {
        last = { t, weights: new Map() };
        this.#poses.push(last);
      }
      last.weights.set(viseme, weight);
    }
    this.untilMs = Math.max(this.untilMs, until_ms);
  }

  /**
   * The reply was interrupted when `tMs` of it was heard: the mouth closes.
   * @param {number} tMs
   */
  cut(tMs) {
    this.#cutMs = tMs;
  }

  /**
   * Returns the weights above 0 by index of the viseme; null where the mouth is not known.
   * @param {number} tMs the time that is heard; after a cut it goes on from the cut.
   * @returns {Map<number, number> | null}
   */
  at(tMs) {
    const shownMs = this.#cutMs === null ? tMs : Math.min(tMs, this.#cutMs);
    if (!this.#poses.length || shownMs > this.untilMs) return null;
    const open = this.#cutMs === null ? 1 : 1 - share(tMs, this.#cutMs, this.#cutMs + CLOSE_MS);
    const after = this.#after(shownMs);
    const old = this.#poses[Math.max(0, after - 1)];
    const next = after > 0 && after < this.#poses.length ? this.#poses[after] : old;
    const part = next === old ? 0 : share(shownMs, old.t, next.t);
    const weights = new Map();
    for (const [viseme, weight] of old.weights) weights.set(viseme, weight * (1 - part) * open);
    for (const [viseme, weight] of next === old ? [] : next.weights) {
      weights.set(viseme, (weights.get(viseme) ?? 0) + weight * part * open);
    }
    for (const [viseme, weight] of weights) if (weight <= 0) weights.delete(viseme);
    return weights;
  }

  /** Index of the first pose after a time; time mostly goes on, so the search begins where it was.
   * @param {number} tMs
   */
  #after(tMs) {
    const poses = this.#poses;
    if (this.#at > 0 && poses[this.#at - 1].t > tMs) this.#at = 0;
    while (this.#at < poses.length && poses[this.#at].t <= tMs) this.#at += 1;
    return this.#at;
  }
}
