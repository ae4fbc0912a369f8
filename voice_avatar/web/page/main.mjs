// The page: puts the client, the stage and the controls together.

import { AvatarClient } from "../client/avatar_client.mjs";
import { Avatars } from "./avatars.mjs";
import { Controls } from "./controls.mjs";
import { Conversation } from "./conversation.mjs";
import { Debug } from "./debug.mjs";
import { byId } from "./dom.mjs";
import { Figures } from "./figures.mjs";
import { Link } from "./link.mjs";
import { Meter } from "./meter.mjs";
import { readPreferences } from "./preferences.mjs";
import { SessionLog } from "./session_log.mjs";
import { Settings } from "./settings.mjs";
import { takeToken } from "./token.mjs";
import { Transcript } from "./transcript.mjs";
import { View } from "./view.mjs";
import { Vr } from "./vr.mjs";

export class Page {
  preferences = readPreferences();
  log = new SessionLog();
  transcript = new Transcript();
  debug = new Debug();
  #meter = new Meter();

  constructor() {
    const token = takeToken();
    this.client = new AvatarClient({ name: "voice-avatar page", ...(token ? { token } : {}) });
    this.view = new View(
      (nowMs) => (this.client.session ? this.client.sample(nowMs) : null),
      (shown, pose, nowMs) => this.#frame(shown, pose, nowMs),
    );
    this.figures = new Figures(this.client, this.view);
    const tell = (/** @type {string} */ text) => this.transcript.note(text);
    this.avatars = new Avatars(this.view, tell);
    this.vr = new Vr(this.view, (gaze) => this.client.reportGaze(gaze), tell);
    this.controls = new Controls(this);
    this.link = new Link(this);
    this.conversation = new Conversation(this);
    this.settings = new Settings(this);
  }

  async open() {
    await this.view.open(this.preferences.flat);
    performance.mark("stage");
    this.#fetchClips();
    await this.#openAvatar();
    await this.vr.open();
    document.documentElement.dataset.page = "ready";
    performance.mark("ready");
  }

  /** The movements of the body come while the page can already be used. */
  #fetchClips() {
    const clips = this.view.clips;
    if (!clips) return;
    const opened = clips.open().then(() => clips.loadAll());
    opened.catch((/** @type {Error} */ problem) => this.log.add("page", { type: "clips", problem: problem.message }));
  }

  /** Without any model there is the drawn face. */
  async #openAvatar() {
    try {
      if (await this.avatars.open(this.preferences.avatar)) return;
    } catch (problem) {
      this.transcript.note(`The avatar could not be loaded: ${/** @type {Error} */ (problem).message}`);
    }
    await this.view.open(true);
  }

  /** Shows or hides a panel. @param {"hud" | "debug"} panel */
  toggle(panel) {
    const box = byId(panel);
    box.hidden = !box.hidden;
    byId(`${panel}-button`).setAttribute("aria-expanded", String(!box.hidden));
  }

  /**
   * @param {import("../client/avatar_client.mjs").Shown | null} shown
   * @param {import("../stage/actor.mjs").Pose} pose
   * @param {number} nowMs
   */
  #frame(shown, pose, nowMs) {
    this.debug.mouth(pose.mouth, nowMs);
    this.conversation.draw(shown, nowMs);
    const { isOpen, isMuted, level } = this.client.input;
    if (isOpen && !isMuted) this.#meter.level(level, nowMs, this.conversation.isUserSpeaking);
    this.#meter.hint(this.controls.microphoneHint);
    this.vr.frame(nowMs);
    this.figures.draw(nowMs);
  }
}

const page = new Page();
/** For the console and for tests. */
Object.assign(window, { voiceAvatar: page });
await page.open();
