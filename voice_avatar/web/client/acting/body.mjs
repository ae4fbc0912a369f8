// `body` messages: movements that start on arrival, on the client's own clock. Pure.
// PROTOCOL.md, section 11.

import { ExpressionTrack } from "./expressions.mjs";
import { GestureTrack } from "./gestures.mjs";
import { headAt, sumOf } from "./head.mjs";
import { smooth, share } from "./timing.mjs";

/**
 * @typedef {object} BodyMessage
 * @property {"face" | "gaze" | "gesture" | "head" | "posture"} kind
 * @property {string} lexeme
 * @property {number} amplitude 0..1.
 * @property {number} duration_ms 0 = until the next `state`, a posture until the next posture.
 * @property {number} repeats
 *
 * @typedef {object} Posture
 * @property {string} lexeme "upright" at rest.
 * @property {number} weight 0..1 on the way to it and back.
 * @property {number} amplitude 0..1.
 */

/** Time to reach a pose and to leave it, at most a third of all of it, ms: reference 4.2's preparation
 * and retraction. */
const IN_MS = 350;
/** Time to take a posture, ms. */
const POSTURE_MS = 900;
const FADE_MS = 300;
const OPEN_END_MS = 1e12;
/** How long a head movement without a duration takes, ms. */
const NOD_MS = 600;

/** Movements outside any reply's clock. */
export class BodyTrack {
  #count = 0;
  #gestures = new GestureTrack();
  /** @type {import("./gestures.mjs").Gesture[]} */
  #open = [];
  #faces = new ExpressionTrack();
  /** @type {import("./head.mjs").Head[]} */
  #heads = [];
  /** @type {{target: string, endMs: number} | null} */
  #look = null;
  #posture = { lexeme: "upright", amplitude: 0, atMs: 0, endMs: OPEN_END_MS };

  /**
   * Takes a message.
   * @param {BodyMessage} message
   * @param {number} nowMs
   */
  add(message, nowMs) {
    const { kind, lexeme, amplitude, duration_ms, repeats } = message;
    const endMs = duration_ms ? nowMs + duration_ms : OPEN_END_MS;
    switch (kind) {
      case "gesture":
        this.#addGesture(lexeme, amplitude, nowMs, endMs);
        break;
      case "head": {
        const lasts = duration_ms || NOD_MS;
        this.#heads = this.#heads.filter((head) => head.end_ms > nowMs);
        this.#heads.push({
          lexeme,
          amount: amplitude,
          repeats,
          start_ms: nowMs,
          stroke_ms: nowMs + lasts / (2 * Math.max(1, repeats)),
          end_ms: nowMs + lasts,
        });
        break;
      }
      case "gaze":
        this.#look = { target: lexeme, endMs };
        break;
      case "face": {
        const fade_ms = duration_ms ? Math.min(FADE_MS, duration_ms / 3) : FADE_MS;
        const hold_ms = duration_ms ? Math.max(1, duration_ms - 2 * fade_ms) : 0;
        const face = { t_ms: nowMs, expression: lexeme, intensity: amplitude, fade_ms, hold_ms };
        this.#faces.add(face);
        break;
      }
      case "posture":
        this.#posture = { lexeme, amplitude, atMs: nowMs, endMs };
        break;
      default: // a kind to come: nothing is shown
    }
  }

  /**
   * The state changed: what was to last until then ends.
   * @param {number} nowMs
   */
  stateChanged(nowMs) {
    if (this.#look?.endMs === OPEN_END_MS) this.#look = null;
    for (const gesture of this.#open) {
      gesture.relax_ms = Math.max(gesture.stroke_end_ms, nowMs);
      gesture.end_ms = gesture.relax_ms + IN_MS;
    }
    this.#open = [];
    this.#faces.add({ t_ms: nowMs, expression: "neutral", intensity: 0, fade_ms: FADE_MS, hold_ms: 0 });
  }

  /**
   * Returns what is shown at a time.
   * @param {number} nowMs
   */
  at(nowMs) {
    const isLooking = this.#look !== null && nowMs < this.#look.endMs;
    return {
      gestures: this.#gestures.at(nowMs),
      expressions: this.#faces.at(nowMs),
      head: sumOf(this.#heads.map((head) => headAt(head, nowMs))),
      look: isLooking && this.#look ? { target: this.#look.target, head: 0.5 } : null,
      posture: this.#postureAt(nowMs),
    };
  }

  /**
   * @param {number} nowMs
   * @returns {Posture}
   */
  #postureAt(nowMs) {
    const { lexeme, amplitude, atMs, endMs } = this.#posture;
    if (nowMs >= endMs + POSTURE_MS) return { lexeme: "upright", weight: 1, amplitude: 0 };
    const into = smooth(share(nowMs, atMs, atMs + POSTURE_MS));
    const out = 1 - smooth(share(nowMs, endMs, endMs + POSTURE_MS));
    return { lexeme, weight: Math.min(into, out), amplitude };
  }

  /**
   * @param {string} lexeme
   * @param {number} amplitude
   * @param {number} nowMs
   * @param {number} endMs
   */
  #addGesture(lexeme, amplitude, nowMs, endMs) {
    const reach = endMs === OPEN_END_MS ? IN_MS : Math.min(IN_MS, (endMs - nowMs) / 3);
    const there = nowMs + reach;
    this.#count += 1;
    /** @type {import("./gestures.mjs").Gesture} */
    const gesture = {
      id: `body ${this.#count}`,
      lexeme,
      kind: "metaphoric",
      mode: "right",
      amplitude,
      start_ms: nowMs,
      stroke_start_ms: there,
      stroke_ms: there,
      stroke_end_ms: there,
      relax_ms: endMs - reach,
      end_ms: endMs,
    };
    if (endMs === OPEN_END_MS) this.#open.push(gesture);
    this.#gestures.add(gesture);
  }
}
