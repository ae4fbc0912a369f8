// The avatar on the page: which stage, which model, and a picture for every frame of the screen.

import { Actor, waiting } from "../stage/actor.mjs";
import { Stage2D } from "../stage/face2d.mjs";
import { IdleLife } from "../client/acting/idle.mjs";
import { byId } from "./dom.mjs";

export class View {
  #actor = new Actor();
  #idle = new IdleLife(null, Math.random);
  #sample = () => null;
  #onFrame = () => {};
  /** Whether the user wants less motion. */
  isCalm = false;

  /**
   * @param {(nowMs: number) => object | null} sample of the client; null without a session.
   * @param {(shown: object, pose: object, nowMs: number) => void} onFrame
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
   * @returns {Promise<"3d" | "2d">}
   */
  async open(isFlat) {
    this.stage?.loop?.(null);
    if (this.stage instanceof Stage2D) this.stage.close();
    this.stage = null;
    let kind = "2d";
    if (!isFlat) {
      const { hasWebGL, Stage3D } = await import("../stage/scene.mjs");
      if (hasWebGL()) {
        this.stage = new Stage3D(byId("view"));
        kind = "3d";
      }
    }
    byId("view").hidden = kind === "2d";
    this.stage ??= new Stage2D(byId("face2d"));
    this.kind = kind;
    this.#run();
    return kind;
  }

  #run() {
    if (!this.stage) return;
    const stage = this.stage;
    // A hidden page draws nothing; its sound goes on.
    stage.loop(document.hidden && !this.isPresenting ? null : (nowMs) => this.#frame(stage, nowMs));
  }

  get isPresenting() {
    return this.stage?.renderer?.xr.isPresenting ?? false;
  }

  #frame(stage, nowMs) {
    if (stage !== this.stage) return;
    const at = this.isPresenting ? performance.now() : nowMs;
    const shown = this.#sample(at);
    const seen = shown ? { ...shown, gestures: shown.gestures.map((pose) => ({ pose, atMs: clockOf(pose, shown) })) } : waiting(this.#idle.at(at, "listening"));
    const pose = this.#actor.at(seen, at / 1000, stage.userDirection(), this.isCalm);
    stage.draw(pose, at / 1000);
    this.#onFrame(shown, pose, at);
  }
}

/** The time of a movement on its own clock: those of `body` run on the client's, others on the reply's. */
const clockOf = ({ gesture }, { nowMs, replyMs }) => (gesture.id.startsWith("body ") ? nowMs : (replyMs ?? gesture.end_ms));
