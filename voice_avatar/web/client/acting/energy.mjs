// How loud a reply is along its clock, for a mouth where no visemes came. Pure.

import { clamp } from "./timing.mjs";

/** Stretch that one figure stands for, ms. */
export const STEP_MS = 10;

/** Below it the mouth is closed, above LOUD it is wide open, dB of full scale: speech at the usual
 * -20 dB of programme level peaks at about -12 in its vowels and falls under -45 in its pauses. */
const QUIET_DB = -45;
const LOUD_DB = -15;

/** Figures on each side that are averaged: a jaw cannot follow 10 ms (it moves at up to 8 Hz). */
const AROUND = 3;

/** Loudness of one reply, from its samples. */
export class EnergyTrack {
  #step;
  /** @type {number[]} sums of squares, one for each step. */
  #sums = [];

  /** @param {number} rateHz of the reply. */
  constructor(rateHz) {
    this.#step = Math.max(1, Math.round((rateHz * STEP_MS) / 1000));
  }

  /**
   * Takes audio.
   * @param {number} pts its first sample.
   * @param {Float32Array} samples -1..1.
   */
  add(pts, samples) {
    for (let i = 0; i < samples.length; i += 1) {
      const at = Math.floor((pts + i) / this.#step);
      while (this.#sums.length <= at) this.#sums.push(0);
      this.#sums[at] += samples[i] * samples[i];
    }
  }

  /**
   * Returns how far the mouth is open, 0..1, by the loudness around a time; 0 where no audio came.
   * @param {number} tMs
   * @param {number} [fromMs] what is before it is told by visemes, and does not count.
   */
  openAt(tMs, fromMs = 0) {
    const middle = Math.floor(tMs / STEP_MS);
    if (middle >= this.#sums.length) return 0;
    const first = Math.max(Math.ceil(fromMs / STEP_MS), middle - AROUND);
    const around = this.#sums.slice(first, middle + AROUND + 1);
    const mean = around.reduce((sum, one) => sum + one, 0) / (around.length * this.#step);
    if (!(mean > 0)) return 0;
    return clamp((10 * Math.log10(mean) - QUIET_DB) / (LOUD_DB - QUIET_DB), 0, 1);
  }
}
