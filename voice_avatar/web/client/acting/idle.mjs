// What the body does by itself: blinks, breath, shifts of weight, glances. Pure: time and chance come
// in. PROTOCOL.md, section 9, `Autonomic`.

import { share, smooth } from "./timing.mjs";

/**
 * `session.ready.autonomic`.
 * @typedef {object} Autonomic
 * @property {number} blinks_at_rest_per_min
 * @property {number} blinks_talking_per_min
 * @property {number} blink_close_ms
 * @property {number} blink_open_ms
 * @property {number} breath_hz
 * @property {[number, number]} weight_shift_ms shortest and longest time between two.
 * @property {[number, number]} gaze_shift_ms
 * @property {number} energy 0..1.
 * @property {string} expression at rest.
 * @property {number} valence
 * @property {number} arousal
 *
 * @typedef {object} Idle
 * @property {number} blink 0 = lids open, 1 = closed.
 * @property {number} breath 0 = out, 1 = in.
 * @property {number} weight -1 = on the left leg, 1 = on the right.
 * @property {{yaw: number, pitch: number}} glance -1..1 of how far eyes wander while nobody speaks;
 *   0 = at the user.
 */

/** What a client does where the server says nothing: the server's own figures for energy 0.5.
 * @type {Readonly<Autonomic>}
 */
export const USUAL = Object.freeze({
  blinks_at_rest_per_min: 17,
  blinks_talking_per_min: 26,
  blink_close_ms: 85,
  blink_open_ms: 150,
  breath_hz: 0.25,
  weight_shift_ms: /** @type {[number, number]} */ ([6000, 15000]),
  gaze_shift_ms: /** @type {[number, number]} */ ([2000, 5000]),
  energy: 0.5,
  expression: "neutral",
  valence: 0,
  arousal: 0,
});

/** No blink follows another sooner, ms: it would look like a twitch. */
const SHORTEST_BLINK_GAP_MS = 400;
/** How long a shift of weight takes, ms, and how long a glance lasts at least and at most. */
const SHIFT_MS = 1400;
const GLANCE_MS = Object.freeze([500, 1300]);

/** Lids, breath, weight and glances over time. */
export class IdleLife {
  #figures;
  #chance;
  #nextBlinkMs = -1;
  #blinkMs = -Infinity;
  #nextShiftMs = -1;
  #shift = { atMs: -Infinity, from: 0, to: 0 };
  #nextGlanceMs = -1;
  #glance = { untilMs: -Infinity, yaw: 0, pitch: 0 };

  /**
   * @param {Autonomic | null} figures null = the usual ones.
   * @param {() => number} chance 0..1, evenly.
   */
  constructor(figures, chance) {
    this.#figures = figures ?? USUAL;
    this.#chance = chance;
  }

  /**
   * Returns what is shown; time goes forward from call to call.
   * @param {number} nowMs
   * @param {string} state of the conversation: eyes wander in "idle" only, and lids close more often
   *   in "speaking".
   * @returns {Idle}
   */
  at(nowMs, state) {
    return {
      blink: this.#lids(nowMs, state === "speaking"),
      breath: (1 - Math.cos(2 * Math.PI * this.#figures.breath_hz * (nowMs / 1000))) / 2,
      weight: this.#stand(nowMs),
      glance: this.#eyes(nowMs, state === "idle"),
    };
  }

  /**
   * @param {number} nowMs
   * @param {boolean} isTalking
   */
  #lids(nowMs, isTalking) {
    const { blinks_at_rest_per_min, blinks_talking_per_min } = this.#figures;
    const perMin = isTalking ? blinks_talking_per_min : blinks_at_rest_per_min;
    if (this.#nextBlinkMs < 0) this.#nextBlinkMs = nowMs + this.#untilBlink(perMin);
    if (nowMs >= this.#nextBlinkMs) {
      this.#blinkMs = nowMs;
      this.#nextBlinkMs = nowMs + this.#untilBlink(perMin);
    }
    const { blink_close_ms, blink_open_ms } = this.#figures;
    const shut = this.#blinkMs + blink_close_ms;
    if (nowMs < shut) return smooth(share(nowMs, this.#blinkMs, shut));
    return 1 - smooth(share(nowMs, shut, shut + blink_open_ms));
  }

  /** Intervals like those of chance (exponential), but for a shortest one; the mean stays.
   * @param {number} perMin
   */
  #untilBlink(perMin) {
    if (perMin <= 0) return Infinity;
    const meanMs = Math.max(0, 60000 / perMin - SHORTEST_BLINK_GAP_MS);
    return SHORTEST_BLINK_GAP_MS - Math.log(1 - this.#chance()) * meanMs;
  }

  /** @param {number} nowMs */
  #stand(nowMs) {
    if (this.#nextShiftMs < 0) this.#nextShiftMs = nowMs + this.#between(this.#figures.weight_shift_ms);
    if (nowMs >= this.#nextShiftMs) {
      const { to } = this.#shift;
      const size = (0.4 + 0.6 * this.#chance()) * (0.5 + 0.5 * this.#figures.energy);
      this.#shift = { atMs: nowMs, from: to, to: to > 0 ? -size : size };
      this.#nextShiftMs = nowMs + this.#between(this.#figures.weight_shift_ms);
    }
    const { atMs, from, to } = this.#shift;
    return from + (to - from) * smooth(share(nowMs, atMs, atMs + SHIFT_MS));
  }

  /**
   * @param {number} nowMs
   * @param {boolean} mayWander
   */
  #eyes(nowMs, mayWander) {
    if (!mayWander) {
      this.#nextGlanceMs = -1;
      this.#glance.untilMs = -Infinity;
    } else if (this.#nextGlanceMs < 0) {
      this.#nextGlanceMs = nowMs + this.#between(this.#figures.gaze_shift_ms);
    } else if (nowMs >= this.#nextGlanceMs) {
      const untilMs = nowMs + this.#between(GLANCE_MS);
      const yaw = 2 * this.#chance() - 1;
      this.#glance = { untilMs, yaw, pitch: 0.6 * (2 * this.#chance() - 1) };
      this.#nextGlanceMs = untilMs + this.#between(this.#figures.gaze_shift_ms);
    }
    const { untilMs, yaw, pitch } = this.#glance;
    return nowMs < untilMs ? { yaw, pitch } : { yaw: 0, pitch: 0 };
  }

  /** @param {readonly number[]} span */
  #between([least, most]) {
    return least + (most - least) * this.#chance();
  }
}
