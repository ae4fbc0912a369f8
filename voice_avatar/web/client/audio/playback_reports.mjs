// When a `playback.report` is due: on every change, and every 200 ms. Pure. PROTOCOL.md, section 6.

/** Time between two reports while a reply plays, ms. */
export const EVERY_MS = 200;

const SLACK_MS = 1e-6;

/** @typedef {import("./playout_core.mjs").View} View */

/** Reports of one reply after another. */
export class PlaybackReports {
  #replyId = 0;
  /** @type {string | null} */
  #told = null;
  #toldMs = 0;
  #isAsked = false;

  /** The next report is due at once, whatever was told before: after a resume. */
  ask() {
    this.#isAsked = true;
  }

  /**
   * Returns the state to report; null = nothing is due.
   * @param {View} view
   * @param {number} nowMs
   * @returns {string | null}
   */
  due({ replyId, state }, nowMs) {
    if (replyId !== this.#replyId) {
      this.#replyId = replyId;
      this.#told = null;
    }
    if (state === null) return null;
    const isFirst = this.#told === null;
    const isTime = state === "playing" && nowMs - this.#toldMs >= EVERY_MS - SLACK_MS;
    if (state === this.#told && !isTime && !this.#isAsked) return null;
    this.#told = state;
    this.#toldMs = nowMs;
    this.#isAsked = false;
    return isFirst && (state === "playing" || state === "stalled") ? "started" : state;
  }
}
