// Where the avatar looks at a time, from `gaze` messages. Pure. PROTOCOL.md, section 11.

/**
 * @typedef {object} Gaze
 * @property {string} target user, away_up, away_side, down, or an object id.
 * @property {number} start_ms
 * @property {number} end_ms
 * @property {number} [head] how much of the turn the head takes over, 0..1.
 *
 * @typedef {{target: string, head: number}} Look
 */

/** @type {Look} */
const AT_USER = Object.freeze({ target: "user", head: 0 });

/** The looks of one reply. */
export class GazeTrack {
  /** @type {Gaze[]} */
  #looks = [];
  /** @type {number | null} */
  #cutMs = null;

  /** @param {Gaze} gaze */
  add(gaze) {
    this.#looks.push(gaze);
  }

  /**
   * The reply was interrupted: the eyes go to the user at once.
   * @param {number} tMs
   */
  cut(tMs) {
    this.#cutMs = tMs;
  }

  /**
   * Returns the target of the look that began last, else the user.
   * @param {number} tMs
   * @returns {Look}
   */
  at(tMs) {
    if (this.#cutMs !== null && tMs >= this.#cutMs) return AT_USER;
    let now = null;
    for (const look of this.#looks) {
      if (look.start_ms <= tMs && tMs < look.end_ms && !(now && now.start_ms >= look.start_ms)) {
        now = look;
      }
    }
    return now ? { target: now.target, head: now.head ?? 0 } : AT_USER;
  }
}
