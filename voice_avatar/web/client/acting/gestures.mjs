// Hands at a time, from `gesture` messages. Pure. PROTOCOL.md, section 11.

import { insert, share } from "./timing.mjs";

/** Time in which hands and head go back to rest after an interruption, ms. */
export const RETRACT_MS = 300;

/**
 * A `gesture` message, or what a `body` message makes of one.
 * @typedef {object} Gesture
 * @property {string} id
 * @property {string} lexeme
 * @property {string} kind
 * @property {"left" | "right" | "both"} mode
 * @property {number} amplitude 0..1.
 * @property {number} start_ms
 * @property {number} stroke_start_ms
 * @property {number} stroke_ms
 * @property {number} stroke_end_ms
 * @property {number} relax_ms
 * @property {number} end_ms
 * @property {string} [target]
 *
 * Where a gesture stands.
 * @typedef {object} GesturePose
 * @property {Gesture} gesture as it was sent.
 * @property {Gesture} shown with its times as an interruption leaves them.
 * @property {"preparation" | "stroke" | "hold" | "retraction"} phase of BML 1.0.
 * @property {number} weight 0 = at rest, 1 = all of the gesture; linear in time.
 * @property {number} strokeShare how much of the stroke has gone by, 0..1.
 */

/**
 * Returns a gesture, head movement, look or expression as it ends when its reply is cut at `atMs`;
 * null = it is not shown. Sync points behind the cut stay as they were; a hand on its way to a
 * stroke turns round; an expression keeps its time.
 * @template {{type?: string, t_ms?: number, start_ms?: number, end_ms?: number}} T
 * @param {T} cue
 * @param {number} atMs
 * @returns {T | null}
 */
export function retracted(cue, atMs) {
  if (cue.type === "face") return /** @type {number} */ (cue.t_ms) < atMs ? cue : null;
  const end = /** @type {number} */ (cue.end_ms);
  if (/** @type {number} */ (cue.start_ms) >= atMs) return null;
  if (end <= atMs) return cue;
  const cut = /** @type {any} */ ({ ...cue });
  for (const name of ["stroke_start_ms", "stroke_ms", "stroke_end_ms", "relax_ms"]) {
    if (name in cut) cut[name] = Math.min(cut[name], atMs);
  }
  cut.end_ms = Math.min(end, atMs + (cue.type === "gaze" ? 0 : RETRACT_MS));
  return cut;
}

/**
 * @param {Gesture} one
 * @param {Gesture} other
 */
const sharesHand = (one, other) =>
  one.mode === other.mode || one.mode === "both" || other.mode === "both";

/**
 * Returns where a gesture stands; null = at rest, or given over to the next one.
 * @param {Gesture} gesture
 * @param {number} tMs
 * @param {Gesture | undefined} following the next of the same hand: if it starts before `relax_ms`,
 *   the weight goes over to it while it is prepared.
 * @returns {GesturePose | null}
 */
export function gestureAt(gesture, tMs, following) {
  if (tMs < gesture.start_ms || tMs >= gesture.end_ms) return null;
  let left = 1;
  if (following && following.start_ms < gesture.relax_ms) {
    left = 1 - share(tMs, following.start_ms, following.stroke_start_ms);
    if (tMs >= following.start_ms && left <= 0) return null;
  }
  const strokeShare = share(tMs, gesture.stroke_start_ms, gesture.stroke_end_ms);
  const at = { gesture, shown: gesture, strokeShare };
  if (tMs < gesture.stroke_start_ms) {
    const weight = left * share(tMs, gesture.start_ms, gesture.stroke_start_ms);
    return { ...at, phase: "preparation", weight };
  }
  if (tMs < gesture.stroke_end_ms) return { ...at, phase: "stroke", weight: left };
  if (tMs < gesture.relax_ms) return { ...at, phase: "hold", weight: left };
  const weight = left * (1 - share(tMs, gesture.relax_ms, gesture.end_ms));
  return { ...at, phase: "retraction", weight };
}

/** The gestures of one reply. */
export class GestureTrack {
  /** @type {Gesture[]} in the order of their start. */
  #gestures = [];
  /** @type {number | null} */
  #cutMs = null;

  /**
   * Takes a gesture; one whose id is known is passed over.
   * @param {Gesture} gesture
   */
  add(gesture) {
    if (this.#gestures.some((one) => one.id === gesture.id)) return;
    insert(this.#gestures, gesture, (one) => one.start_ms);
  }

  /**
   * The reply was interrupted when `tMs` of it was heard.
   * @param {number} tMs
   */
  cut(tMs) {
    this.#cutMs = tMs;
  }

  /**
   * Returns the gestures that are shown, in the order of their start.
   * @param {number} tMs the time that is heard; after a cut it goes on from the cut.
   * @returns {GesturePose[]}
   */
  at(tMs) {
    /** @type {GesturePose[]} */
    const poses = [];
    this.#gestures.forEach((gesture, index) => {
      const following = this.#gestures.slice(index + 1).find((one) => sharesHand(gesture, one));
      const pose = this.#isCut(tMs)
        ? this.#afterCut(gesture, following, tMs)
        : gestureAt(gesture, tMs, following);
      if (pose) poses.push(pose);
    });
    return poses;
  }

  /** @param {number} tMs */
  #isCut(tMs) {
    return this.#cutMs !== null && tMs > this.#cutMs;
  }

  /**
   * @param {Gesture} gesture
   * @param {Gesture | undefined} following
   * @param {number} tMs
   * @returns {GesturePose | null}
   */
  #afterCut(gesture, following, tMs) {
    const cutMs = /** @type {number} */ (this.#cutMs);
    const was = gestureAt(gesture, cutMs, following);
    const shown = retracted(gesture, cutMs);
    if (!was || !shown) return null;
    const weight = was.weight * (1 - share(tMs, cutMs, shown.end_ms));
    return weight > 0 ? { ...was, shown, phase: "retraction", weight } : null;
  }
}
