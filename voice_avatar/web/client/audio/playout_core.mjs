// The loudspeaker's side of one reply after another: what is played when, sample by sample. Pure: it
// runs in the worklet, and in tests. PROTOCOL.md, section 6.

import { Sinc } from "./sinc.mjs";

/**
 * @typedef {object} PlayoutOptions
 * @property {number} startMs audio that must be there before a reply starts or goes on after running
 *   empty.
 * @property {number} longestStartMs most that startMs grows to while the network stalls.
 * @property {number} growMs by how much it grows each time that a reply runs empty.
 * @property {number} fadeMs fade where the sound is cut or goes on.
 *
 * @typedef {"playing" | "stalled" | "paused" | "finished" | "stopped"} PlayingState
 *
 * What the loudspeaker does.
 * @typedef {object} View
 * @property {number} replyId 0 = none yet.
 * @property {number} rateHz of the reply's clock.
 * @property {PlayingState | null} state null before the reply starts.
 * @property {number} played samples of the reply that came out, at its rate.
 * @property {number} buffered samples that wait.
 * @property {number} underruns times that replies ran empty.
 * @property {number} startMs audio that is waited for now, before a start.
 * @property {boolean} isMoving whether `played` grows.
 */

/** 60 ms before a reply starts (three frames; Wi-Fi delays by two now and then), 10 ms of fade. */
export const PLAYOUT = Object.freeze({ startMs: 60, longestStartMs: 200, growMs: 40, fadeMs: 10 });

/** Steps of a rate that is no whole share of another add up a little short. */
const ROUNDING = 1e-6;

/** Room to begin with, samples; it doubles. */
const ROOM = 1 << 16;

/** A loudspeaker that asks for blocks. */
export class PlayoutCore {
  #options;
  #outHz;
  #sinc;
  /** @type {Float32Array} */
  #samples = new Float32Array(ROOM);
  #base = 0; // reply sample that stands at #samples[0]
  #received = 0;
  #place = 0; // reply sample that is played next
  #rateHz = 24000;
  #replyId = 0;
  /** @type {number | null} */
  #total = null;
  #isPaused = false;
  #isCut = false;
  #isOpen = false;
  #hasStarted = false;
  #isStalled = false;
  #gain = 1;
  /** @type {Float32Array} fade of what was cut, still to be heard. */
  #tail = new Float32Array(0);
  #tailAt = 0;
  #startMs;
  #underruns = 0;

  /**
   * @param {number} outHz rate of the loudspeaker.
   * @param {PlayoutOptions} [options]
   */
  constructor(outHz, options = PLAYOUT) {
    this.#options = options;
    this.#outHz = outHz;
    this.#startMs = options.startMs;
    this.#sinc = new Sinc(this.#rateHz, outHz);
  }

  /**
   * A reply begins; what is left of the one before fades out.
   * @param {number} replyId
   * @param {number} rateHz
   */
  begin(replyId, rateHz) {
    this.#fadeOut();
    if (this.#replyId) this.#startMs = Math.max(this.#options.startMs, this.#startMs - this.#options.growMs / 2);
    if (rateHz !== this.#rateHz) this.#sinc = new Sinc(rateHz, this.#outHz);
    this.#replyId = replyId;
    this.#rateHz = rateHz;
    this.#base = this.#received = this.#place = 0;
    this.#total = null;
    this.#isPaused = this.#isCut = this.#isOpen = this.#hasStarted = this.#isStalled = false;
    this.#gain = 1;
  }

  /**
   * Puts audio in its place; silence where samples are missing, and none of them twice.
   * @param {number} pts first sample.
   * @param {Float32Array} samples
   */
  audio(pts, samples) {
    if (this.#isCut) return;
    const end = Math.min(pts + samples.length, this.#total ?? Infinity);
    if (end <= this.#received) return;
    this.#makeRoom(end);
    this.#samples.fill(0, this.#received - this.#base, end - this.#base);
    const from = Math.max(pts, this.#received);
    if (end > from) this.#samples.set(samples.subarray(from - pts, end - pts), from - this.#base);
    this.#received = end;
    this.#mayOpen();
  }

  /**
   * Says where the reply ends.
   * @param {number} total samples.
   */
  endsAt(total) {
    this.#total = total;
    this.#mayOpen();
  }

  /** Stands still and keeps everything. */
  pause() {
    if (this.#isPaused || this.#isCut) return;
    this.#fadeOut();
    this.#isPaused = true;
  }

  /** Goes on with the next sample. */
  resume() {
    this.#isPaused = false;
    this.#gain = this.#place > 0 ? 0 : 1;
  }

  /** Drops everything; 10 ms of it fade out. */
  flush() {
    if (this.#isCut) return;
    this.#fadeOut();
    this.#isCut = true;
  }

  /**
   * Fills a block.
   * @param {Float32Array} block
   */
  render(block) {
    block.fill(0);
    const step = this.#rateHz / this.#outHz;
    const read = (/** @type {number} */ i) => this.#sampleAt(i);
    const slope = this.#slope;
    for (let i = 0; i < block.length && this.#isMoving; i += 1) {
      this.#gain = Math.min(1, this.#gain + slope);
      block[i] = this.#gain * this.#sinc.at(read, this.#place);
      this.#place += step;
      if (this.#place >= this.#received) this.#ranEmpty();
    }
    const fade = Math.min(block.length, this.#tail.length - this.#tailAt);
    for (let i = 0; i < fade; i += 1) block[i] += this.#tail[this.#tailAt + i];
    this.#tailAt += fade;
  }

  /** @returns {View} */
  get view() {
    const played = Math.min(Math.floor(this.#place + ROUNDING), this.#received);
    return {
      replyId: this.#replyId,
      rateHz: this.#rateHz,
      state: this.#state,
      played,
      buffered: this.#isCut ? 0 : this.#received - played,
      underruns: this.#underruns,
      startMs: this.#startMs,
      isMoving: this.#isMoving,
    };
  }

  /** @returns {PlayingState | null} */
  get #state() {
    if (this.#isCut) return this.#received ? "stopped" : null;
    if (this.#isPaused && this.#received && !this.#isDone) return "paused";
    if (!this.#hasStarted) return null;
    if (this.#isDone) return "finished";
    return this.#isStalled ? "stalled" : "playing";
  }

  get #isDone() {
    return this.#total !== null && this.#received >= this.#total && this.#place >= this.#total;
  }

  get #isMoving() {
    return this.#isOpen && !this.#isPaused && !this.#isCut;
  }

  get #slope() {
    const fade = (this.#options.fadeMs * this.#outHz) / 1000;
    return fade > 0 ? 1 / fade : 1;
  }

  /** @param {number} at index of the reply. */
  #sampleAt(at) {
    return at < this.#base || at >= this.#received ? 0 : this.#samples[at - this.#base];
  }

  #mayOpen() {
    const buffered = this.#received - this.#place;
    const hasAll = this.#total !== null && this.#received >= this.#total;
    if (this.#isOpen || this.#isCut || buffered <= 0) return;
    if (!hasAll && buffered * 1000 < this.#startMs * this.#rateHz) return;
    this.#gain = this.#place > 0 ? 0 : 1; // the first sample is heard as it was made
    this.#isOpen = true;
    this.#hasStarted = true;
    this.#isStalled = false;
  }

  #ranEmpty() {
    this.#place = this.#received;
    this.#isOpen = false;
    if (this.#isDone) return;
    this.#isStalled = true;
    this.#underruns += 1;
    const { longestStartMs, growMs } = this.#options;
    if (growMs) this.#startMs = Math.min(longestStartMs, this.#startMs + growMs);
  }

  /** Keeps the next 10 ms, fading, without playing them; what follows is heard with it. */
  #fadeOut() {
    const slope = this.#slope;
    if (!this.#isMoving || slope >= 1) return;
    const step = this.#rateHz / this.#outHz;
    const read = (/** @type {number} */ i) => this.#sampleAt(i);
    const tail = new Float32Array(Math.round(1 / slope));
    for (let i = 0; i < tail.length; i += 1) {
      const gain = Math.max(0, this.#gain - (i + 1) * slope);
      tail[i] = gain * this.#sinc.at(read, this.#place + i * step);
    }
    this.#tail = tail;
    this.#tailAt = 0;
  }

  /** Makes room up to a sample of the reply; what was played goes, but for what the sinc reads.
   * @param {number} end
   */
  #makeRoom(end) {
    if (end - this.#base <= this.#samples.length) return;
    const keep = Math.max(this.#base, Math.floor(this.#place) - 2 * this.#sinc.reach);
    const held = this.#samples.subarray(keep - this.#base, this.#received - this.#base);
    const needed = Math.max(end - keep, 0);
    let size = this.#samples.length;
    while (size < 2 * needed) size *= 2;
    const larger = size > this.#samples.length ? new Float32Array(size) : this.#samples;
    larger.set(held);
    this.#samples = larger;
    this.#base = keep;
  }
}
