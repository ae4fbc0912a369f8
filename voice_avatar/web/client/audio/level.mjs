// Loudness of samples, for meters. Pure.

/**
 * Returns the root mean square, 0..1; 0 of nothing.
 * @param {Float32Array} samples
 */
export function rms(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length ? Math.sqrt(sum / samples.length) : 0;
}

/** Below it a meter shows nothing, dB of full scale. */
const FLOOR_DB = -60;

/**
 * Returns the length of a meter's bar, 0..1, even in dB.
 * @param {number} level root mean square.
 */
export const barOf = (level) =>
  level <= 0 ? 0 : Math.min(1, Math.max(0, 1 - (20 * Math.log10(level)) / FLOOR_DB));

/** Time in which a meter falls by half, ms: quick up, slow down, as on a mixing desk. */
const HALF_MS = 120;

/** A meter that the eye can follow. */
export class Meter {
  #level = 0;

  /** Root mean square now, 0..1. */
  get level() {
    return this.#level;
  }

  /**
   * @param {Float32Array} samples
   * @param {number} rateHz
   */
  push(samples, rateHz) {
    const fallen = this.#level * 0.5 ** ((samples.length * 1000) / rateHz / HALF_MS);
    this.#level = Math.max(rms(samples), fallen);
  }
}
