// A windowed sinc, for reading samples between samples and for changing rates. Pure.

/** Places between two samples that the table holds; between them it is read linearly. */
const PHASES = 128;
/** Zero crossings on each side. With the window below: what is not heard is over 60 dB down (tests). */
const CROSSINGS = 16;
/** Kaiser's beta. */
const BETA = 8;
/** Share of the lower Nyquist frequency that is kept whole. */
const KEPT = 0.9;

/** Modified Bessel function of order 0.
 * @param {number} x
 */
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > 1e-12 * sum; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** Reads a signal at any place, low-passed for another rate. */
export class Sinc {
  #table;
  #scale;

  /** Samples on each side that count. */
  reach;

  /**
   * @param {number} fromHz rate of what is read.
   * @param {number} toHz rate at which it will be used.
   */
  constructor(fromHz, toHz) {
    this.#scale = fromHz <= toHz ? 1 : (KEPT * toHz) / fromHz;
    this.reach = Math.ceil(CROSSINGS / this.#scale);
    this.#table = new Float64Array(CROSSINGS * PHASES + 2);
    for (let i = 0; i <= CROSSINGS * PHASES; i += 1) {
      const x = i / PHASES;
      const window = bessel(BETA * Math.sqrt(1 - (x / CROSSINGS) ** 2)) / bessel(BETA);
      this.#table[i] = (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)) * window;
    }
  }

  /**
   * Returns the signal at a place.
   * @param {(index: number) => number} read the sample at an index; 0 where there is none.
   * @param {number} place in samples of what is read.
   */
  at(read, place) {
    const middle = Math.floor(place);
    const part = place - middle;
    if (part === 0 && this.#scale === 1) return read(middle);
    let sum = 0;
    for (let i = 1 - this.reach; i <= this.reach; i += 1) {
      const x = Math.abs(part - i) * this.#scale * PHASES;
      const low = Math.floor(x);
      if (low >= CROSSINGS * PHASES) continue;
      const weight = this.#table[low] + (x - low) * (this.#table[low + 1] - this.#table[low]);
      sum += weight * read(middle + i);
    }
    return sum * this.#scale;
  }
}
