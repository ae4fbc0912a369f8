// The dialog of settings: what the user wants, and what is in force.

import { microphones } from "../client/avatar_client.mjs";
import { byId, fill } from "./dom.mjs";
import { keepPreferences } from "./preferences.mjs";

const LANGUAGES = new Intl.DisplayNames(["en"], { type: "language" });
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const CHECKS = /** @type {const} */ (["echo", "contrast", "motion", "flat"]);

const select = (/** @type {string} */ name) => byId(`${name}-select`, HTMLSelectElement);
const check = (/** @type {string} */ name) => byId(`${name}-check`, HTMLInputElement);

export class Settings {
  #page;

  /** @param {import("./main.mjs").Page} page */
  constructor(page) {
    this.#page = page;
    const { preferences } = page;
    byId("volume-range", HTMLInputElement).value = String(preferences.volume);
    for (const name of /** @type {const} */ (["endpointing", "captions", "theme"])) select(name).value = preferences[name];
    for (const name of CHECKS) check(name).checked = preferences[name];
    this.#apply();
    this.#bindLooks();
    this.#bindTalk();
    CALM.addEventListener("change", () => this.#apply());
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.listDevices());
  }

  open() {
    byId("settings", HTMLDialogElement).showModal();
  }

  /** Says which microphone the client is to open next. */
  chooseMicrophone() {
    const { preferences, client } = this.#page;
    client.chooseMicrophone(preferences.device || null, { echoCancellation: preferences.echo });
  }

  /**
   * @template {keyof import("./preferences.mjs").Preferences} Name
   * @param {Name} name
   * @param {import("./preferences.mjs").Preferences[Name]} value
   */
  #keep(name, value) {
    this.#page.preferences[name] = value;
    keepPreferences(this.#page.preferences);
    this.#apply();
  }

  #apply() {
    const { preferences, client, view } = this.#page;
    const root = document.documentElement.dataset;
    root.theme = preferences.theme;
    root.captions = preferences.captions;
    root.contrast = preferences.contrast ? "high" : "normal";
    root.motion = preferences.motion ? "less" : "all";
    view.isCalm = preferences.motion || CALM.matches;
    if (client.audio) client.audio.volume = preferences.volume / 100;
    client.usePressToTalk(preferences.endpointing === "manual");
  }

  #bindLooks() {
    const { view, avatars, preferences } = this.#page;
    const onSelect = (/** @type {string} */ name, /** @type {(value: string) => void} */ act) =>
      select(name).addEventListener("change", () => act(select(name).value));
    const onCheck = (/** @type {string} */ name, /** @type {(isOn: boolean) => void} */ act) =>
      check(name).addEventListener("change", () => act(check(name).checked));
    onSelect("captions", (value) => this.#keep("captions", value));
    onSelect("theme", (value) => this.#keep("theme", value));
    onCheck("contrast", (isOn) => this.#keep("contrast", isOn));
    onCheck("motion", (isOn) => this.#keep("motion", isOn));
    onCheck("flat", (isOn) => {
      this.#keep("flat", isOn);
      void view.open(isOn).then(() => avatars.open(preferences.avatar));
    });
    onSelect("avatar", (value) => {
      this.#keep("avatar", value);
      void avatars.show(value);
    });
    const file = byId("avatar-file", HTMLInputElement);
    file.addEventListener("change", () => file.files?.[0] && void avatars.take(file.files[0]));
  }

  #bindTalk() {
    const { client, controls, log } = this.#page;
    const on = (/** @type {HTMLInputElement | HTMLSelectElement} */ box, /** @type {(value: string) => void} */ act) =>
      box.addEventListener("change", () => act(box.value));
    const volume = byId("volume-range", HTMLInputElement);
    volume.addEventListener("input", () => this.#keep("volume", Number(volume.value)));
    on(select("endpointing"), (value) => this.#keep("endpointing", value));
    on(select("device"), (value) => {
      this.#keep("device", value);
      if (client.input.isOpen) void controls.useMicrophone();
    });
    check("echo").addEventListener("change", () => void this.#cancelEcho(check("echo").checked));
    on(byId("persona-text", HTMLInputElement), (value) => client.restart({ persona: value.trim() || null }));
    on(select("voice"), (voice) => client.restart({ voice }));
    on(select("language"), (language) => client.update({ language }));
    byId("log-button").addEventListener("click", () => log.download());
    byId("leave-button").addEventListener("click", () => {
      byId("settings", HTMLDialogElement).close();
      void controls.leave();
    });
  }

  /** The server is told at the beginning of a session whether it has to expect its own voice. @param {boolean} isOn */
  async #cancelEcho(isOn) {
    const { client, controls } = this.#page;
    this.#keep("echo", isOn);
    if (!client.input.isOpen) return;
    await controls.useMicrophone();
    client.restart({});
  }

  /** A session has begun: what may be chosen. @param {any} ready */
  session({ settings, voices, languages, models, server }) {
    const named = (/** @type {string} */ code) => LANGUAGES.of(code) ?? code;
    fill(select("voice"), voices.map((/** @type {string} */ name) => [name, name]));
    fill(select("language"), languages.map((/** @type {string} */ code) => [code, named(code)]));
    this.inForce(settings);
    byId("persona-text", HTMLInputElement).disabled = false;
    byId("models-text").textContent = `${server.name} ${server.version} · hears with ${models.stt || "–"} · thinks with ${models.llm || "–"} · speaks with ${models.tts || "–"}`;
  }

  /** @param {{persona: string, voice: string, language: string}} settings of the server. */
  inForce({ persona, voice, language }) {
    byId("persona-text", HTMLInputElement).value = persona;
    select("voice").value = voice;
    select("language").value = language;
  }

  /** Lists the microphones; they have names once one was allowed. */
  async listDevices() {
    const found = await microphones();
    fill(select("device"), found.map(({ id, name }, index) => [id, name || `Microphone ${index + 1}`]), this.#page.preferences.device);
  }
}
