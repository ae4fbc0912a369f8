// Entering VR: the same avatar at its own size, standing before the user.

import { byId } from "./dom.mjs";

/** How far away the avatar stands, metres: what people keep to somebody they talk with. */
const DISTANCE_M = 1.3;
/** Between two messages of where the user is, ms; the server takes ten a second. */
const GAZE_MS = 125;

/** The browser's WebXR, which the types of the DOM leave out. @returns {any} */
const xr = () => /** @type {any} */ (navigator).xr;

export class Vr {
  #view;
  #report;
  #tell;
  #lastGazeMs = 0;
  /** @type {any} */
  #session = null;

  /**
   * @param {import("./view.mjs").View} view
   * @param {(gaze: object) => void} report takes `user.gaze`.
   * @param {(text: string) => void} tell
   */
  constructor(view, report, tell) {
    this.#view = view;
    this.#report = report;
    this.#tell = tell;
    byId("vr-button").addEventListener("click", () => void this.#toggle());
  }

  /** Shows the button where there is a headset. */
  async open() {
    const can = this.#view.kind === "3d" && (await xr()?.isSessionSupported("immersive-vr").catch(() => false));
    byId("vr-button").hidden = !can;
  }

  async #toggle() {
    if (this.#session) {
      await this.#session.end();
      return;
    }
    const stage = this.#view.stage3d;
    if (!stage) return;
    const { roomFor } = await import("../stage/scene.mjs");
    try {
      this.#session = await xr().requestSession("immersive-vr", { requiredFeatures: ["local-floor"] });
    } catch (problem) {
      this.#tell(`VR did not start: ${/** @type {Error} */ (problem).message}`);
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

  /** Tells the server where the user's head is, at most eight times a second. @param {number} nowMs */
  frame(nowMs) {
    const stage = this.#view.stage3d;
    if (!this.#session || !stage || nowMs - this.#lastGazeMs < GAZE_MS) return;
    this.#lastGazeMs = nowMs;
    this.#report({ head: stage.userPose(), avatar: stage.headPlace() });
  }
}
