// The dialog of settings: what the user wants, and what is in force.

import { microphones } from "../client/avatar_client.mjs";
import { byId, fill } from "./dom.mjs";
import { keepPreferences } from "./preferences.mjs";

const LANGUAGES = new Intl.DisplayNames(["en"], { type: "language" });

export class Settings {
  /** @param {object} page with `client`, `view`, `avatars`, `preferences`, `transcript`, `log`. */
  constructor(page) {
    this.page = page;
    const { preferences } = page;
    byId("volume-range").value = preferences.volume;
    byId("endpointing-select").value = preferences.endpointing;
    byId("caption-select").value = preferences.captions;
    for (const name of ["contrast", "motion", "flat"]) byId(`${name}-check`).checked = preferences[name];
    this.#apply();
    this.#bind();
  }

  open() {
    byId("settings").showModal();
  }

  #keep(name, value) {
    this.page.preferences[name] = value;
    keepPreferences(this.page.preferences);
    this.#apply();
  }

  #apply() {
    const { preferences, client, view } = this.page;
    const root = document.documentElement.dataset;
    root.captions = preferences.captions;
    root.contrast = preferences.contrast ? "high" : "normal";
    root.motion = preferences.motion ? "less" : "all";
    view.isCalm = preferences.motion || matchMedia("(prefers-reduced-motion: reduce)").matches;
    client.audio.volume = preferences.volume / 100;
    client.usePressToTalk(preferences.endpointing === "manual");
  }

  #bind() {
    const { page } = this;
    const change = (id, act) => byId(id).addEventListener("change", ({ target }) => act(target));
    byId("volume-range").addEventListener("input", ({ target }) => this.#keep("volume", Number(target.value)));
    change("endpointing-select", ({ value }) => this.#keep("endpointing", value));
    change("caption-select", ({ value }) => this.#keep("captions", value));
    for (const name of ["contrast", "motion"]) change(`${name}-check`, ({ checked }) => this.#keep(name, checked));
    change("flat-check", ({ checked }) => {
      this.#keep("flat", checked);
      void page.view.open(checked).then(() => page.avatars.open(page.preferences.avatar));
    });
    change("avatar-select", ({ value }) => {
      this.#keep("avatar", value);
      void page.avatars.show(value);
    });
    change("avatar-file", ({ files }) => files[0] && void page.avatars.take(files[0]));
    change("device-select", ({ value }) => {
      this.#keep("device", value);
      if (page.client.input.isOpen) void page.useMicrophone();
    });
    change("persona-text", ({ value }) => page.client.restart({ persona: value.trim() || null }));
    change("voice-select", ({ value }) => page.client.restart({ voice: value }));
    change("language-select", ({ value }) => page.client.update({ language: value }));
    byId("log-button").addEventListener("click", () => page.log.download());
    byId("leave-button").addEventListener("click", () => {
      byId("settings").close();
      void page.leave();
    });
  }

  /** A session has begun: what may be chosen. */
  session({ settings, voices, languages, models, server }) {
    fill(byId("voice-select"), voices.map((name) => [name, name]));
    fill(byId("language-select"), languages.map((code) => [code, LANGUAGES.of(code) ?? code]));
    this.inForce(settings);
    byId("persona-text").disabled = false;
    byId("models-text").textContent = `${server.name} ${server.version} · hears with ${models.stt || "–"} · thinks with ${models.llm || "–"} · speaks with ${models.tts || "–"}`;
  }

  /** @param {object} settings of the server. */
  inForce({ persona, voice, language }) {
    byId("persona-text").value = persona;
    byId("voice-select").value = voice;
    byId("language-select").value = language;
  }

  /** Lists the microphones; they have names once one was allowed. */
  async listDevices() {
    const found = await microphones();
    const options = found.map(({ id, name }, index) => [id, name || `Microphone ${index + 1}`]);
    fill(byId("device-select"), options, this.page.preferences.device);
    if (byId("device-select").selectedIndex < 0) byId("device-select").selectedIndex = 0;
  }
}
