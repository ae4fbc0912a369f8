// Plays replies on a loudspeaker, and tells what is heard: orders, clock and reports in one place.

import { floats } from "../wire/frames.mjs";
import { HeardClock } from "./heard_clock.mjs";
import { PlaybackReports } from "./playback_reports.mjs";

/**
 * @typedef {import("./browser_audio.mjs").TimedView} TimedView
 * @typedef {import("./browser_audio.mjs").Loudspeaker} Loudspeaker
 */

/** @type {TimedView} */
const NOTHING = Object.freeze({
  replyId: 0,
  rateHz: 24000,
  state: null,
  played: 0,
  buffered: 0,
  underruns: 0,
  startMs: 0,
  isMoving: false,
  timeS: 0,
});

/** Replies on a loudspeaker. */
export class Player {
  #speaker;
  #report;
  #clock = new HeardClock();
  #reports = new PlaybackReports();
  #view = NOTHING;
  #replyId = 0;
  #rateHz = 24000;
  #received = 0;
  #isStarted = false;

  /**
   * @param {Loudspeaker} speaker
   * @param {(report: Record<string, any>) => void} report takes a `playback.report` that is due.
   */
  constructor(speaker, report) {
    this.#speaker = speaker;
    this.#report = report;
  }

  /** What the loudspeaker did last. */
  get view() {
    return this.#view;
  }

  /** Samples of the newest reply that came. */
  get received() {
    return this.#received;
  }

  /** Whether there is sound. */
  get isStarted() {
    return this.#isStarted;
  }

  /** Opens the sound device; in a browser this belongs into a click. */
  async start() {
    await this.#speaker.start((view) => this.#see(view));
    this.#isStarted = true;
  }

  /** Falls silent and lets the sound device go. */
  async stop() {
    this.reset();
    this.#isStarted = false;
    await this.#speaker.stop();
  }

  /** A new session: what was of the old one is forgotten. */
  reset() {
    if (this.#replyId) this.#speaker.order({ do: "flush" });
    this.#clock.clear();
    this.#reports = new PlaybackReports();
    this.#view = NOTHING;
    this.#replyId = 0;
  }

  /**
   * @param {number} replyId
   * @param {number} rateHz
   */
  begin(replyId, rateHz) {
    this.#replyId = replyId;
    this.#rateHz = rateHz;
    this.#received = 0;
    this.#speaker.order({ do: "begin", replyId, rateHz });
  }

  /**
   * Plays what is new of a frame.
   * @param {import("../wire/frames.mjs").Frame} frame
   * @param {number} pts first sample that is new.
   * @returns {Float32Array} its samples.
   */
  play(frame, pts) {
    const samples = floats(frame.payload.subarray(2 * (pts - frame.pts)));
    this.#received = pts + samples.length;
    this.#speaker.order({ do: "audio", pts, samples: samples.slice() });
    return samples;
  }

  /** @param {number} samples of the whole reply. */
  endsAt(samples) {
    this.#speaker.order({ do: "endsAt", samples });
  }

  /** Stands still. */
  pause() {
    this.#speaker.order({ do: "pause" });
  }

  /** Goes on. */
  resume() {
    this.#speaker.order({ do: "resume" });
  }

  /** Drops what is left of the reply. */
  flush() {
    this.#speaker.order({ do: "flush" });
  }

  /** Tells the server at once how far the reply is, whatever it was told before. */
  reportNow() {
    this.#reports.ask();
    this.#tell();
  }

  /**
   * Returns the time of the newest reply that is heard, ms; null before it begins.
   * @param {number} nowMs
   */
  heardMs(nowMs) {
    if (!this.#replyId || !this.#isStarted) return null;
    return this.#clock.timeOf(this.#replyId, this.#speaker.heardTimeS(nowMs));
  }

  /** Delay between counting a sample as played and hearing it, ms. */
  get latencyMs() {
    return this.#isStarted ? this.#speaker.latencyMs() : 0;
  }

  /** @param {TimedView} view */
  #see(view) {
    if (view.replyId !== this.#replyId) return; // of a session or reply before
    this.#view = view;
    this.#clock.add(view);
    this.#tell();
  }

  #tell() {
    if (this.#view.replyId !== this.#replyId) return;
    const nowMs = performance.now();
    const state = this.#reports.due(this.#view, nowMs);
    if (state === null) return;
    const played = this.#playedBy(nowMs);
    const tenth = (/** @type {number} */ value) => Math.round(10 * value) / 10;
    this.#report({
      type: "playback.report",
      reply_id: this.#replyId,
      state,
      played_samples: played,
      buffered_ms: tenth(((this.#view.played + this.#view.buffered - played) * 1000) / this.#rateHz),
      output_latency_ms: tenth(this.latencyMs),
      client_ms: tenth(nowMs),
    });
  }

  /** Samples of the reply that came out by now: the worklet told of a moment that is past.
   * @param {number} nowMs
   */
  #playedBy(nowMs) {
    const { played, buffered, isMoving } = this.#view;
    if (!isMoving) return played;
    const tMs = this.#clock.timeOf(this.#replyId, this.#speaker.heardTimeS(nowMs) + this.latencyMs / 1000);
    const sample = Math.floor(((tMs ?? 0) * this.#rateHz) / 1000);
    return Math.min(played + buffered, Math.max(played, sample));
  }
}
