// What the server says, put into the transcript, the captions, the state and the log.

import { byId } from "./dom.mjs";
import { errorLine, STATES, warningLine } from "./words.mjs";

const CUES = ["gesture", "head", "gaze", "face", "body"];

/** Messages that the log keeps. */
const LOGGED = [
  "session.ready", "session.resumed", "session.updated", "session.goaway", "state", "input.speech_started", "input.speech_stopped",
  "transcript.interim", "transcript.final", "turn.ended", "turn.dropped", "reply.started", "reply.text", "reply.segment", "visemes", "face", "gesture", "head", "gaze", "body",
  "reply.audio_done", "reply.paused", "reply.resumed", "reply.interrupted", "reply.done", "metrics", "warning", "error", "latency", "playback",
];

export class Conversation {
  #page;
  #replyId = 0;
  isUserSpeaking = false;

  /** @param {import("./main.mjs").Page} page */
  constructor(page) {
    this.#page = page;
    const { client, debug, log } = page;
    const on = (/** @type {string} */ type, /** @type {(detail: any) => void} */ act) =>
      client.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail));
    this.#follow(on);
    for (const cue of CUES) on(cue, (message) => debug.cue(message));
    on("sent", (message) => log.add("out", message));
    for (const type of LOGGED) on(type, (message) => log.add("in", { type, ...message }));
  }

  /** @param {(type: string, act: (detail: any) => void) => void} on */
  #follow(on) {
    const { transcript, figures } = this.#page;
    on("session.ready", (ready) => this.#ready(ready));
    on("session.resumed", () => transcript.note("The connection is back."));
    on("session.updated", (updated) => this.#page.settings.inForce(updated.settings));
    on("state", ({ state }) => this.#state(state));
    on("transcript.interim", ({ turn_id, text, stable_chars }) => transcript.heard(turn_id, text, { isFinal: false, stableChars: stable_chars }));
    on("transcript.final", ({ turn_id, text }) => transcript.heard(turn_id, text, { isFinal: true }));
    on("input.speech_started", () => (this.isUserSpeaking = true));
    on("input.speech_stopped", () => (this.isUserSpeaking = false));
    on("reply.started", ({ reply_id }) => (this.#replyId = reply_id));
    on("reply.interrupted", ({ reply_id }) => this.#drawNow(reply_id));
    on("reply.done", ({ reply_id, spoken_text, status }) => {
      this.#drawNow(reply_id);
      transcript.over(reply_id, spoken_text, status);
    });
    on("latency", ({ reply_id, voice_to_voice_ms }) => figures.heard(reply_id, voice_to_voice_ms));
    on("metrics", (metrics) => figures.metrics(metrics));
    on("warning", ({ code }) => this.#note(warningLine(code)));
    on("error", ({ code, fatal }) => this.#note(fatal ? null : errorLine(code)));
    on("sound", ({ isRunning }) => this.#note(isRunning ? null : "The sound stands still. Click anywhere to go on."));
  }

  /** @param {string | null} line */
  #note(line) {
    if (line) this.#page.transcript.note(line);
  }

  /** @param {any} ready */
  #ready(ready) {
    this.#page.transcript.forgetIds();
    this.#replyId = 0;
    this.#page.settings.session(ready);
    this.#page.controls.refresh();
    this.#state("idle");
  }

  /** @param {string} state */
  #state(state) {
    document.documentElement.dataset.state = state;
    byId("state-text").textContent = STATES[state] ?? state;
    byId("stop-button", HTMLButtonElement).disabled = !["speaking", "thinking"].includes(state);
  }

  /** Writes down how much of a reply was heard, now and not with the next picture. @param {number} replyId */
  #drawNow(replyId) {
    if (replyId === this.#replyId) this.draw(this.#page.client.sample(), performance.now());
  }

  /**
   * The words of the reply that is shown.
   *
   * @param {{captions: import("./spans.mjs").Caption | null} | null} shown
   * @param {number} nowMs
   */
  draw(shown, nowMs) {
    if (shown?.captions && this.#replyId) this.#page.transcript.spoken(this.#replyId, shown.captions, nowMs);
  }
}
