// The face's expressions at a time, from `face` messages. Pure. PROTOCOL.md, section 11.

import { insert, share } from "./timing.mjs";

/** Mouth shapes of expressions count so much while the avatar speaks (PROTOCOL.md, section 11). */
export const MOUTH_WHILE_SPEAKING = 0.4;

/**
 * @typedef {object} Face
 * @property {number} t_ms
 * @property {string} expression
 * @property {number} intensity 0..1.
 * @property {number} fade_ms
 * @property {number} hold_ms 0 = until the next one.
 */

/**
 * @param {Face} face
 * @param {number} tMs
 */
function alone(face, tMs) {
  if (tMs < face.t_ms) return 0;
  const weight = face.intensity * share(tMs, face.t_ms, face.t_ms + face.fade_ms);
  const fallsMs = face.t_ms + face.fade_ms + face.hold_ms;
  if (!face.hold_ms || tMs <= fallsMs) return weight;
  return weight * (1 - share(tMs, fallsMs, fallsMs + face.fade_ms));
}

/** The expressions of one reply. */
export class ExpressionTrack {
  /** @type {Face[]} in the order of their time. */
  #faces = [];

  /** @param {Face} face */
  add(face) {
    insert(this.#faces, face, (one) => one.t_ms);
  }

  /**
   * The reply was interrupted: what has not begun is left out, the rest keeps its time.
   * @param {number} tMs
   */
  cut(tMs) {
    this.#faces = this.#faces.filter((face) => face.t_ms < tMs);
  }

  /**
   * Returns the expressions above 0 by name; of one name the stronger counts.
   * @param {number} tMs
   * @returns {Map<string, number>}
   */
  at(tMs) {
    const weights = new Map();
    this.#faces.forEach((face, index) => {
      const next = this.#faces[index + 1];
      let weight = alone(face, tMs);
      if (next && tMs >= next.t_ms) {
        const faded = share(tMs, next.t_ms, next.t_ms + next.fade_ms);
        weight = Math.min(weight, alone(face, next.t_ms)) * (1 - faded);
      }
      if (weight > 0) {
        weights.set(face.expression, Math.max(weight, weights.get(face.expression) ?? 0));
      }
    });
    return weights;
  }
}

/**
 * Puts the face at rest under what is shown: it fills what the expressions leave.
 * @param {Map<string, number>} weights
 * @param {string} rest expression at rest.
 * @param {number} amount of it, 0..1.
 * @returns {Map<string, number>}
 */
export function overRest(weights, rest, amount) {
  if (!rest || rest === "neutral" || amount <= 0) return weights;
  const shown = Math.min(1, [...weights.values()].reduce((sum, weight) => sum + weight, 0));
  const left = amount * (1 - shown);
  if (left <= 0) return weights;
  return new Map(weights).set(rest, Math.max(left, weights.get(rest) ?? 0));
}
