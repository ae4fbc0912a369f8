// What the user does: buttons, keys and files, and what follows from them.

import { MicrophoneError } from "../client/avatar_client.mjs";
import { byId } from "./dom.mjs";
import { bindDrop } from "./drop.mjs";
import { bindKeys } from "./keys.mjs";
import { hideNotice, showNotice } from "./notice.mjs";
import { microphoneHelp, soundHelp } from "./words.mjs";

export class Controls {
  #page;
  #isBegun = false;

  /** @param {import("./main.mjs").Page} page */
  constructor(page) {
    this.#page = page;
    this.#bind();
    bindDrop((file) => void page.avatars.take(file));
    bindKeys({
      talk: (isDown) => this.press(isDown), stop: () => this.stopReply(), mute: () => this.mute(),
      type: () => byId("say-text").focus(), latency: () => page.toggle("hud"), debug: () => page.toggle("debug"),
      settings: () => page.settings.open(),
    });
    page.client.addEventListener("microphone", () => this.#lost());
  }

  /** Begins the conversation. @param {boolean} withMicrophone else the user types. */
  async start(withMicrophone) {
    const { client, link, log, settings } = this.#page;
    hideNotice();
    byId("welcome").hidden = true;
    link.show("connecting", "Connecting…");
    settings.chooseMicrophone();
    try {
      await client.start({ microphone: withMicrophone });
    } catch (problem) {
      if (!(problem instanceof MicrophoneError)) {
        byId("welcome").hidden = false;
        link.show("off", "Not connected");
        showNotice(soundHelp(/** @type {Error} */ (problem).message), () => void this.start(withMicrophone));
        return;
      }
      log.add("page", { type: "microphone", problem: problem.problem });
      showNotice(microphoneHelp(problem.problem), () => void this.useMicrophone());
    }
    this.#isBegun = true;
    this.refresh();
    await settings.listDevices();
    if (!withMicrophone) byId("say-text").focus();
  }

  /** Opens the microphone later, or another one; with one that can't be had the old one goes on. */
  async useMicrophone() {
    const { client, settings } = this.#page;
    settings.chooseMicrophone();
    try {
      await client.useMicrophone();
    } catch (problem) {
      const kind = problem instanceof MicrophoneError ? problem.problem : "failed";
      showNotice(microphoneHelp(kind), () => void this.useMicrophone());
    }
    this.refresh();
    await settings.listDevices();
  }

  /** The device went away: another one will do. */
  #lost() {
    this.#page.transcript.note("The microphone is gone.");
    void this.useMicrophone();
  }

  async leave() {
    await this.#page.client.stop();
    this.#isBegun = false;
    this.#page.link.show("off", "Not connected");
    byId("welcome").hidden = false;
    byId("welcome-lead").textContent = "Talk again?";
    this.refresh();
  }

  /** The button to talk. @param {boolean} isDown */
  press(isDown) {
    const { client } = this.#page;
    if (!this.#isBegun || !client.input.isOpen) return;
    client.pressToTalk(isDown);
    byId("ptt-button").classList.toggle("down", isDown);
    byId("ptt-button").setAttribute("aria-pressed", String(isDown));
  }

  stopReply() {
    this.#page.log.add("page", { type: "stop" });
    this.#page.client.interrupt();
  }

  /** Microphone off or on; opens it where there is none yet. */
  mute() {
    const { client } = this.#page;
    if (!this.#isBegun) return;
    if (client.input.isOpen) client.mute(!client.input.isMuted);
    else void this.useMicrophone();
    this.refresh();
  }

  /** @param {string} text that was typed. */
  async say(text) {
    const { client, transcript } = this.#page;
    if (!this.#isBegun) await this.start(false);
    await this.#connected();
    if (!client.sendText(text)) transcript.note("That was not sent: there is no connection.");
  }

  /** Waits until the connection is there, or will not come by itself. */
  #connected() {
    const { client } = this.#page;
    const isSettled = () => ["live", "ended", "closed"].includes(client.connectionState);
    return new Promise((/** @type {(value?: undefined) => void} */ done) => {
      if (isSettled()) done();
      const see = () => {
        if (!isSettled()) return;
        client.removeEventListener("connection", see);
        done();
      };
      client.addEventListener("connection", see);
    });
  }

  /** What stands where the level would be, "" = the level. */
  get microphoneHint() {
    const { isOpen, isMuted, isPressed, isPressToTalk } = this.#page.client.input;
    if (!this.#isBegun) return "";
    if (!isOpen) return "off";
    if (isMuted) return "muted";
    return isPressToTalk && !isPressed ? "waits" : "";
  }

  /** Shows on the buttons what can be done now. */
  refresh() {
    const { isOpen, isMuted } = this.#page.client.input;
    byId("mute-button", HTMLButtonElement).disabled = !this.#isBegun;
    byId("mute-button").setAttribute("aria-pressed", String(this.#isBegun && (!isOpen || isMuted)));
    byId("mute-button").classList.toggle("absent", !isOpen);
    byId("mute-name").textContent = !isOpen ? "Turn the microphone on" : isMuted ? "Unmute the microphone" : "Mute the microphone";
    byId("ptt-button", HTMLButtonElement).disabled = !this.#isBegun || !isOpen;
    byId("leave-button", HTMLButtonElement).disabled = !this.#isBegun;
  }

  #bind() {
    const { toggle } = this.#page;
    const onClick = (/** @type {string} */ id, /** @type {() => void} */ act) => byId(id).addEventListener("click", act);
    onClick("start-button", () => void this.start(true));
    onClick("type-button", () => void this.start(false));
    onClick("notice-close", hideNotice);
    onClick("notice-type", () => {
      hideNotice();
      byId("say-text").focus();
    });
    onClick("stop-button", () => this.stopReply());
    onClick("mute-button", () => this.mute());
    onClick("hud-button", () => toggle.call(this.#page, "hud"));
    onClick("debug-button", () => toggle.call(this.#page, "debug"));
    onClick("settings-button", () => this.#page.settings.open());
    byId("say-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const box = byId("say-text", HTMLInputElement);
      const text = box.value.trim();
      box.value = "";
      if (text) void this.say(text);
    });
    this.#bindHold();
  }

  #bindHold() {
    const hold = byId("ptt-button");
    hold.addEventListener("pointerdown", (event) => {
      hold.setPointerCapture(event.pointerId);
      this.press(true);
    });
    for (const end of ["pointerup", "pointercancel"]) hold.addEventListener(end, () => this.press(false));
    hold.addEventListener("contextmenu", (event) => event.preventDefault());
    // A click that no pointer made, as by voice control or Enter, can't be held: it goes down, then up.
    hold.addEventListener("click", ({ detail }) => {
      if (detail === 0) this.press(!this.#page.client.input.isPressed);
    });
  }
}
