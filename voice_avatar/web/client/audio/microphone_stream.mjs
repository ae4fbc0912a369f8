// The microphone's clock: 20 ms frames with `seq` and `pts`, and the last 2 s again after a resume.
// Pure. PROTOCOL.md, sections 2 and 4.

import { FLAG, writeMicrophone } from "../wire/frames.mjs";

/** Length of a frame, ms. */
export const FRAME_MS = 20;
/** Frames that are kept to be sent again: 2 s. */
const KEPT = 2000 / FRAME_MS;
/** Samples of which the time is remembered: 30 s of frames. */
const TIMED = 30000 / FRAME_MS;

/** Cuts samples into frames of one session. */
export class MicrophoneStream {
  #rateHz;
  #size;
  #rest;
  #filled = 0;
  #seq = 0;
  #pts = 0;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #kept = [];
  /** @type {{pts: number, nowMs: number}[]} */
  #times = [];

  /** @param {number} rateHz agreed with the server. */
  constructor(rateHz) {
    this.#rateHz = rateHz;
    this.#size = Math.round((rateHz * FRAME_MS) / 1000);
    this.#rest = new Int16Array(this.#size);
  }

  /**
   * Takes samples.
   * @param {Float32Array} samples -1..1, at the agreed rate.
   * @param {number} nowMs when the last of them was recorded.
   * @returns {Uint8Array<ArrayBuffer>[]} frames that are full.
   */
  push(samples, nowMs) {
    const frames = [];
    const first = this.#pts + this.#filled;
    for (const sample of samples) {
      const scaled = Math.round(sample * 32767);
      this.#rest[this.#filled] = Math.max(-32768, Math.min(32767, scaled));
      this.#filled += 1;
      if (this.#filled === this.#size) frames.push(this.#frame());
    }
    this.#times.push({ pts: first + samples.length, nowMs });
    if (this.#times.length > TIMED) this.#times.shift();
    return frames;
  }

  /**
   * Returns the last, short frame, for the end of what is said; null where nothing is left.
   * @returns {Uint8Array<ArrayBuffer> | null}
   */
  flush() {
    return this.#filled ? this.#frame() : null;
  }

  /** The last 2 s of frames, to be sent again after `session.resumed`. */
  get kept() {
    return [...this.#kept];
  }

  /**
   * Returns when a moment of the microphone's clock was, on the client's clock; null = too long ago.
   * @param {number} tMs on the microphone's clock, as in `input.speech_stopped`.
   */
  timeOf(tMs) {
    const pts = (tMs * this.#rateHz) / 1000;
    const known = this.#times.find((one) => one.pts >= pts);
    return known ? known.nowMs - ((known.pts - pts) * 1000) / this.#rateHz : null;
  }

  #frame() {
    const flags = this.#seq === 0 ? FLAG.START : 0;
    const samples = this.#rest.subarray(0, this.#filled);
    const frame = writeMicrophone(samples, this.#seq, this.#pts, flags);
    this.#seq += 1;
    this.#pts += this.#filled;
    this.#filled = 0;
    this.#kept.push(frame);
    if (this.#kept.length > KEPT) this.#kept.shift();
    return frame;
  }
}
