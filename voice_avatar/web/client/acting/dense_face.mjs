// The whole face from frames of kind 3: 52 ARKit shapes on a reply's clock. Pure. PROTOCOL.md, 4.

import { ARKIT52 } from "./sets.mjs";
import { share, smooth } from "./timing.mjs";

/** Times in which the face lets go when the reply is over, ms. */
const QUICK_MS = 80;
const SLOW_MS = 800;

/** Shapes that speech or a blink moved, which let go quickly. */
const IS_QUICK = ARKIT52.map((name) => /^(jaw|mouth|cheekPuff|tongue|eyeBlink)/.test(name));

/** The face of one reply. */
export class DenseFace {
  #rateHz;
  /** @type {{t: number, weights: Uint8Array}[]} in order of time. */
  #faces = [];
  #at = 0;
  /** @type {number | null} */
  #endMs = null;
  #before;

  /**
   * @param {number} rateHz of the reply's clock.
   * @param {((tMs: number) => Float32Array | null)} before the face that the reply before leaves, at a
   *   time of this reply; so nothing jumps where replies meet.
   */
  constructor(rateHz, before = () => null) {
    this.#rateHz = rateHz;
    this.#before = before;
  }

  /** Whether any face came. */
  get isEmpty() {
    return this.#faces.length === 0;
  }

  /** @param {{pts: number, hz: number, faces: Uint8Array[]}} frame */
  add({ pts, hz, faces }) {
    faces.forEach((weights, k) => {
      const t = (pts * 1000) / this.#rateHz + (k * 1000) / hz;
      if (!this.#faces.length || t > this.#faces[this.#faces.length - 1].t) {
        this.#faces.push({ t, weights });
      }
    });
  }

  /**
   * The reply is over or interrupted at a time: the face lets go.
   * @param {number} tMs
   */
  end(tMs) {
    this.#endMs ??= tMs;
  }

  /**
   * Returns the face, weights 0..1; null where none is known.
   * @param {number} tMs the time that is heard, going on after the end.
   * @returns {Float32Array | null}
   */
  at(tMs) {
    const endMs = this.#endMs;
    const face = this.#shown(endMs === null ? tMs : Math.min(tMs, endMs));
    if (face === null || endMs === null || tMs <= endMs) return face;
    const quick = 1 - smooth(share(tMs, endMs, endMs + QUICK_MS));
    const slow = 1 - smooth(share(tMs, endMs, endMs + SLOW_MS));
    return face.map((weight, shape) => weight * (IS_QUICK[shape] ? quick : slow));
  }

  /**
   * @param {number} tMs
   * @returns {Float32Array | null}
   */
  #shown(tMs) {
    const faces = this.#faces;
    if (!faces.length || tMs < faces[0].t) return this.#before(tMs);
    this.#before = () => null; // it has done its work, and would keep all replies alive
    if (this.#at > 0 && faces[this.#at - 1].t > tMs) this.#at = 0;
    while (this.#at < faces.length && faces[this.#at].t <= tMs) this.#at += 1;
    const old = faces[this.#at - 1];
    const next = faces[this.#at] ?? old;
    const part = next === old ? 0 : share(tMs, old.t, next.t);
    return Float32Array.from(
      old.weights,
      (weight, shape) => (weight * (1 - part) + next.weights[shape] * part) / 255,
    );
  }
}
