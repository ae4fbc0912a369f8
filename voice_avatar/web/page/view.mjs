// The avatar on the page: which stage, which model, and a picture for every frame of the screen.

import { Actor, waiting } from "../stage/actor.mjs";
import { IdleLife } from "../client/acting/idle.mjs";
import { byId } from "./dom.mjs";

/** Longest time that drawing is made up for, ms: more would be seen as a mouth that runs ahead when it changes. */
const MOST_LEAD_MS = 120;

/** @typedef {import("../client/avatar_client.mjs").Shown} Shown */
/** @typedef {import("../stage/face2d.mjs").Stage2D} Stage2D fetched where it is drawn. */

export class View {
  #actor = new Actor();
  #idle = new IdleLife(null, Math.random);
  #sample;
  #onFrame;
  /** @type {import("../stage/scene.mjs").Stage3D | null} made once: a canvas has one context. */
  #solid = null;
  /** @type {import("../stage/scene.mjs").Stage3D | Stage2D | null} */
  stage = null;
  /** How long a picture is in the making, ms: it shows what will be heard when it is done. */
  #leadMs = 0;
  #lastMs = 0;
  /** @type {number | null} how much the last pictures were ahead of what was heard when they were done, ms; below 0 = late. */
  avOffsetMs = null;
  /** Whether the user wants less motion. */
  isCalm = false;

  /**
   * @param {(nowMs: number) => Shown | null} sample of the client; null without a session.
   * @param {(shown: Shown | null, pose: import("../stage/actor.mjs").Pose, nowMs: number) => void} onFrame
   */
  constructor(sample, onFrame) {
    this.#sample = sample;
    this.#onFrame = onFrame;
    document.addEventListener("visibilitychange", () => this.#run());
  }

  /**
   * Puts the best stage up that this browser can draw.
   *
   * @param {boolean} isFlat whether the user wants the simple face.
   */
  async open(isFlat) {
    this.stage?.loop(null);
    if (this.stage && "close" in this.stage) this.stage.close();
    this.stage = (isFlat ? null : await this.#openSolid()) ?? new (await import("../stage/face2d.mjs")).Stage2D(byId("face2d"));
    byId("view").hidden = this.kind === "2d";
    this.#run();
  }

  async #openSolid() {
    const { hasWebGL, Stage3D } = await import("../stage/scene.mjs");
    if (!this.#solid && hasWebGL()) this.#solid = new Stage3D(byId("view", HTMLCanvasElement));
    return this.#solid;
  }

  /** "3d" or "2d". */
  get kind() {
    return this.stage3d ? "3d" : "2d";
  }

  /** The stage, where it has three dimensions; else null. */
  get stage3d() {
    return this.#solid !== null && this.stage === this.#solid ? this.#solid : null;
  }

  /** The movements of the body, where there is one. */
  get clips() {
    return this.stage3d?.clips ?? null;
  }

  /** Pictures a second, and how fine they are. */
  figures() {
    return this.stage?.figures() ?? { fps: 0, pixel_ratio: 1 };
  }

  #run() {
    if (!this.stage) return;
    const stage = this.stage;
    // A hidden page draws nothing; its sound goes on.
    const isUnseen = document.hidden && !this.isPresenting;
    stage.loop(isUnseen ? null : (/** @type {number} */ nowMs) => this.#frame(stage, nowMs));
  }

  /** @returns {boolean} whether a headset shows the stage. */
  get isPresenting() {
    return this.stage3d?.renderer.xr.isPresenting ?? false;
  }

  /** @param {import("../stage/scene.mjs").Stage3D | Stage2D} stage @param {number} nowMs */
  #frame(stage, nowMs) {
    if (stage !== this.stage) return;
    const begunMs = this.isPresenting ? performance.now() : nowMs;
    const at = Math.max(this.#lastMs, begunMs + this.#leadMs);
    this.#lastMs = at;
    const shown = this.#sample(at);
    const pose = this.#actor.at(shown ? onClocks(shown) : waiting(this.#idle.at(at, "listening")), at / 1000, stage.userDirection(), this.isCalm);
    stage.draw(pose, at / 1000);
    this.#timed(begunMs, at);
    this.#onFrame(shown, pose, at);
  }

  /** A picture is done that was begun at one moment and shows another. @param {number} begunMs @param {number} atMs */
  #timed(begunMs, atMs) {
    const doneMs = performance.now();
    this.avOffsetMs = 0.9 * (this.avOffsetMs ?? 0) + 0.1 * (atMs - doneMs);
    const tookMs = Math.min(MOST_LEAD_MS, Math.max(0, doneMs - begunMs));
    this.#leadMs += 0.15 * (tookMs - this.#leadMs);
  }
}

/** Every movement with the time on its own clock: those of `body` run on the client's, others on the reply's. @param {Shown} shown */
function onClocks(shown) {
  const clockOf = (/** @type {import("../client/acting/gestures.mjs").GesturePose} */ { gesture }) =>
    gesture.id.startsWith("body ") ? shown.nowMs : (shown.replyMs ?? gesture.end_ms);
  return { ...shown, gestures: shown.gestures.map((pose) => ({ pose, atMs: clockOf(pose) })) };
}
