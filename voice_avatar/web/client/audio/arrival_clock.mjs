// When samples were recorded, though the page may learn of them late. Pure.

/** Two clocks run apart by less than this share of the time. */
const DRIFT = 2e-4;
/** Being later than this is no delay: the device's clock stood still meanwhile, ms. */
const STOOD_MS = 2000;

/** Puts moments of a sound device's clock on the page's: by the message that was delayed least. */
export class ArrivalClock {
  #offsetMs = Infinity;
  #lastMs = 0;

  /**
   * Returns when a moment of the device's clock was, on the page's, ms.
   * @param {number} timeS on the device's clock.
   * @param {number} nowMs when the page was told of it.
   */
  at(timeS, nowMs) {
    const offsetMs = nowMs - 1000 * timeS;
    const knownMs = this.#offsetMs + DRIFT * Math.max(0, nowMs - this.#lastMs);
    this.#offsetMs = offsetMs > knownMs + STOOD_MS ? offsetMs : Math.min(offsetMs, knownMs);
    this.#lastMs = nowMs;
    return 1000 * timeS + this.#offsetMs;
  }
}
