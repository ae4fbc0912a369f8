// Entering VR: the same avatar at its own size, standing before the user.

import { byId } from "./dom.mjs";

/** How far away the avatar stands, metres: what people keep to somebody they talk with. */
const DISTANCE_M = 1.3;
/** Between two messages of where the user is, ms; the server takes ten a second. */
const GAZE_MS = 125;

export class Vr {
  #lastGazeMs = 0;
  #session = null;

  /**
   * @param {import("./view.mjs").View} view
   * @param {(gaze: object) => void} report takes `user.gaze`.
   * @param {(text: string) => void} tell
   */
  constructor(view, report, tell) {
    this.view = view;
    this.report = report;
    this.tell = tell;
    byId("vr-button").addEventListener("click", () => void this.#toggle());
  }

  /** Shows the button where there is a headset. */
  async open() {
    const can = this.view.kind === "3d" && (await navigator.xr?.isSessionSupported("immersive-vr").catch(() => false));
    byId("vr-button").hidden = !can;
  }

  async #toggle() {
    if (this.#session) {
      await this.#session.end();
      return;
    }
    const { stage } = this.view;
    const { roomFor } = await import("../stage/scene.mjs");
    try {
      this.#session = await navigator.xr.requestSession("immersive-vr", { requiredFeatures: ["local-floor"] });
    } catch (problem) {
      this.tell(`VR did not start: ${problem.message}`);
      return;
    }
    stage.renderer.xr.setReferenceSpaceType("local-floor");
    stage.rig.position.set(0, 0, DISTANCE_M);
    const { position, quaternion } = stage.camera;
    const [from, turn] = [position.clone(), quaternion.clone()];
    position.set(0, 0, 0);
    quaternion.identity();
    const clear = roomFor(stage.scene);
    byId("vr-button").textContent = "Leave VR";
    this.#session.addEventListener("end", () => {
      this.#session = null;
      clear();
      stage.rig.position.set(0, 0, 0);
      position.copy(from);
      quaternion.copy(turn);
      byId("vr-button").textContent = "Enter VR";
      stage.refit();
    });
    await stage.renderer.xr.setSession(this.#session);
  }

  /** Tells the server where the user's head is, at most eight times a second. */
  frame(nowMs) {
    if (!this.#session || nowMs - this.#lastGazeMs < GAZE_MS) return;
    this.#lastGazeMs = nowMs;
    const pose = this.view.stage.userPose();
    this.report({ head: pose, avatar: this.view.stage.headPlace() });
  }
}
