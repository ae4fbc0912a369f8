// Everything that one reply shows, on its clock. Pure.

import { CaptionTrack } from "./captions.mjs";
import { DenseFace } from "./dense_face.mjs";
import { EnergyTrack } from "./energy.mjs";
import { ExpressionTrack } from "./expressions.mjs";
import { GazeTrack } from "./gaze.mjs";
import { GestureTrack } from "./gestures.mjs";
import { HeadTrack } from "./head.mjs";
import { CLOSE_MS, MouthTrack } from "./mouth.mjs";
import { OPEN_SHAPE } from "./sets.mjs";
import { share } from "./timing.mjs";

/**
 * @typedef {object} MouthShape
 * @property {string} set viseme set of the indices.
 * @property {Map<number, number>} weights index -> weight above 0.
 * @property {"visemes" | "energy" | "rest"} source what moved it.
 */

/** The drivers of one reply. */
export class ReplyActing {
  #mouth = new MouthTrack();
  #energy;
  #dense;
  #expressions = new ExpressionTrack();
  #gestures = new GestureTrack();
  #head = new HeadTrack();
  #gaze = new GazeTrack();
  #set;
  /** @type {number | null} */
  #cutMs = null;

  /** @type {CaptionTrack} */
  captions = new CaptionTrack();

  /**
   * @param {number} rateHz of the reply.
   * @param {string} set viseme set in force.
   * @param {(tMs: number) => Float32Array | null} faceBefore face that the reply before leaves.
   */
  constructor(rateHz, set, faceBefore) {
    this.#energy = new EnergyTrack(rateHz);
    this.#dense = new DenseFace(rateHz, faceBefore);
    this.#set = set;
  }

  /**
   * Takes a cue or caption of this reply.
   * @param {import("../wire/text.mjs").Message} message
   */
  add(message) {
    const cue = /** @type {any} */ (message);
    switch (message.type) {
      case "visemes":
        this.#set = cue.set;
        this.#mouth.add(cue);
        break;
      case "face":
        this.#expressions.add(cue);
        break;
      case "gesture":
        this.#gestures.add(cue);
        break;
      case "head":
        this.#head.add(cue);
        break;
      case "gaze":
        this.#gaze.add(cue);
        break;
      case "reply.text":
        this.captions.addText(cue);
        break;
      case "reply.segment":
        this.captions.addSegment(cue);
        break;
      default: // shows nothing
    }
  }

  /**
   * Takes the reply's audio, for the mouth where no visemes come.
   * @param {number} pts
   * @param {Float32Array} samples
   */
  addAudio(pts, samples) {
    this.#energy.add(pts, samples);
  }

  /** @param {import("../wire/frames.mjs").FaceFrame} frame */
  addFaces(frame) {
    this.#dense.add(frame);
  }

  /**
   * The reply was interrupted when `tMs` of it was heard.
   * @param {number} tMs
   */
  cut(tMs) {
    if (this.#cutMs !== null) return;
    this.#cutMs = tMs;
    for (const track of [this.#mouth, this.#expressions, this.#gestures, this.#head, this.#gaze]) {
      track.cut(tMs);
    }
    this.#dense.end(tMs);
  }

  /**
   * All of the reply was played.
   * @param {number} tMs its end.
   */
  played(tMs) {
    this.#dense.end(tMs);
  }

  /**
   * Returns the face from dense frames; null where none came.
   * @param {number} tMs
   */
  faceAt(tMs) {
    return this.#dense.at(tMs);
  }

  /**
   * Returns what is shown at a time of the reply, which goes on after its end.
   * @param {number} tMs
   */
  at(tMs) {
    return {
      mouth: this.#mouthAt(tMs),
      arkit: this.faceAt(tMs),
      expressions: this.#expressions.at(tMs),
      gestures: this.#gestures.at(tMs),
      head: this.#head.at(tMs),
      gaze: this.#gaze.at(tMs),
      captions: this.captions.at(tMs),
    };
  }

  /**
   * @param {number} tMs
   * @returns {MouthShape}
   */
  #mouthAt(tMs) {
    const set = this.#set;
    const weights = this.#mouth.at(tMs);
    if (weights) return { set, weights, source: "visemes" };
    const shape = Object.hasOwn(OPEN_SHAPE, set)
      ? OPEN_SHAPE[/** @type {keyof typeof OPEN_SHAPE} */ (set)]
      : OPEN_SHAPE.ovr15;
    const cutMs = this.#cutMs ?? Infinity;
    const left = 1 - share(tMs, cutMs, cutMs + CLOSE_MS);
    const open = left * this.#energy.openAt(Math.min(tMs, cutMs), this.#mouth.untilMs);
    if (open <= 0) return { set, weights: new Map(), source: "rest" };
    return { set, weights: new Map([[shape.index, open * shape.weight]]), source: "energy" };
  }
}
