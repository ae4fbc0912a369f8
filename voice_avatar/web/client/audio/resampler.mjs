// A stream of samples at another rate. Pure.

import { Sinc } from "./sinc.mjs";

/** Changes the rate of a stream, block by block; what it gives has a delay of `delayMs`. */
export class Resampler {
  #step;
  #sinc;
  /** @type {Float32Array} */
  #held = new Float32Array(0);
  #place = 0; // of the next sample, in #held

  /** @type {number} */
  delayMs;

  /**
   * @param {number} fromHz
   * @param {number} toHz
   */
  constructor(fromHz, toHz) {
    this.#step = fromHz / toHz;
    this.#sinc = new Sinc(fromHz, toHz);
    this.delayMs = fromHz === toHz ? 0 : (this.#sinc.reach * 1000) / fromHz;
  }

  /**
   * Takes samples and returns what can be said at the other rate.
   * @param {Float32Array} samples
   * @returns {Float32Array}
   */
  push(samples) {
    if (this.#step === 1) return samples;
    const held = new Float32Array(this.#held.length + samples.length);
    held.set(this.#held);
    held.set(samples, this.#held.length);
    const read = (/** @type {number} */ i) => (i < 0 || i >= held.length ? 0 : held[i]);
    const { reach } = this.#sinc;
    const last = held.length - reach - 1;
    const made = [];
    while (this.#place <= last) {
      made.push(this.#sinc.at(read, this.#place));
      this.#place += this.#step;
    }
    const done = Math.max(0, Math.floor(this.#place) - reach);
    this.#held = held.subarray(done);
    this.#place -= done;
    return Float32Array.from(made);
  }
}
