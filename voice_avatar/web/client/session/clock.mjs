// The offset between the client's and the server's clock, from pings. Pure. PROTOCOL.md, section 5.

/**
 * A ping and its pong, ms: sent and back on the client's clock, in and out on the server's.
 * @typedef {[t0: number, t1: number, t2: number, t3: number]} Exchange
 */

/** @param {Exchange} exchange */
export const roundTripMs = ([t0, t1, t2, t3]) => t3 - t0 - (t2 - t1);

/** The server's clock minus the client's, if both ways take the same time.
 * @param {Exchange} exchange
 */
export const offsetMs = ([t0, t1, t2, t3]) => (t1 - t0 + (t2 - t3)) / 2;

/**
 * Returns the exchange with the smallest round trip, the first of equals.
 * @param {readonly Exchange[]} exchanges at least one.
 */
export const bestOf = (exchanges) =>
  exchanges.reduce((best, one) => (roundTripMs(one) < roundTripMs(best) ? one : best));

/** Exchanges that count: clocks drift, and old ones say less. */
const KEPT = 16;

/** The latest exchanges. */
export class ClockSync {
  /** @type {Exchange[]} */
  #exchanges = [];

  /** @param {Exchange} exchange */
  add(exchange) {
    this.#exchanges.push(exchange);
    if (this.#exchanges.length > KEPT) this.#exchanges.shift();
  }

  /** Smallest round trip, ms; null before the first. */
  get roundTripMs() {
    return this.#exchanges.length ? roundTripMs(bestOf(this.#exchanges)) : null;
  }

  /** The server's clock minus the client's, ms; null before the first. */
  get offsetMs() {
    return this.#exchanges.length ? offsetMs(bestOf(this.#exchanges)) : null;
  }
}
