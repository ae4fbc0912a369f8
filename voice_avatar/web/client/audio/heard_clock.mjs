// Which sample of a reply is heard now: from what the worklet tells of the past. Pure.

/**
 * @typedef {object} Mark what was played up to a moment of the sound device's clock.
 * @property {number} replyId
 * @property {number} rateHz
 * @property {number} timeS when the next sample goes out, on the device's clock.
 * @property {number} played samples of the reply before it.
 * @property {boolean} isMoving whether it goes on from there.
 */

/** Marks that are kept, for devices with a long delay: at 20 ms each, over a second. */
const KEPT = 128;

/** The position of playback at any moment of the last second. */
export class HeardClock {
  /** @type {Mark[]} */
  #marks = [];

  /** @param {Mark} mark */
  add(mark) {
    const last = this.#marks[this.#marks.length - 1];
    if (last && mark.timeS < last.timeS) return;
    this.#marks.push(mark);
    if (this.#marks.length > KEPT) this.#marks.shift();
  }

  /** Forgets everything: a new session. */
  clear() {
    this.#marks = [];
  }

  /**
   * Returns the time of a reply that the device puts out at a moment, ms; null where that reply had
   * not begun. Before its first sample it is below 0.
   * @param {number} replyId
   * @param {number} timeS on the device's clock: now, less the delay of the output.
   */
  timeOf(replyId, timeS) {
    let before = null;
    let after = null;
    for (const mark of this.#marks) {
      if (mark.replyId !== replyId) continue;
      if (mark.timeS <= timeS) before = mark;
      else {
        after = mark;
        break;
      }
    }
    if (!before) {
      return after && after.isMoving && after.played === 0 ? (timeS - after.timeS) * 1000 : null;
    }
    const { rateHz, played, isMoving } = before;
    const ahead = isMoving ? (timeS - before.timeS) * rateHz : 0;
    const most = after ? after.played : Infinity;
    return (Math.min(played + ahead, most) * 1000) / rateHz;
  }
}
