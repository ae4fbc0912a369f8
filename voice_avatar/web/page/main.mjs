// The page: puts the client, the stage and the controls together.

import { AvatarClient, MicrophoneError } from "../client/avatar_client.mjs";
import { Avatars } from "./avatars.mjs";
import { byId } from "./dom.mjs";
import { Debug } from "./debug.mjs";
import { Hud, ms } from "./hud.mjs";
import { bindKeys } from "./keys.mjs";
import { Meter } from "./meter.mjs";
import { hideNotice, showNotice } from "./notice.mjs";
import { readPreferences } from "./preferences.mjs";
import { SessionLog } from "./session_log.mjs";
import { Settings } from "./settings.mjs";
import { Transcript } from "./transcript.mjs";
import { View } from "./view.mjs";
import { Vr } from "./vr.mjs";
import { closeHelp, errorLine, microphoneHelp, soundHelp, STATES, warningLine } from "./words.mjs";

/** An avatar that sends nothing is looked up no more often than this, ms. */
const FIGURES_MS = 500;
const CUES = ["gesture", "head", "gaze", "face", "body"];

class Page {
  preferences = readPreferences();
  log = new SessionLog();
  transcript = new Transcript();
  meter = new Meter();
  hud = new Hud();
  debug = new Debug();
  #replyId = 0;
  #v2v = new Map();
  #isBegun = false;
  #figuresMs = 0;
  #isUserSpeaking = false;

  constructor() {
    const token = new URLSearchParams(location.search).get("token");
    this.client = new AvatarClient({ name: "voice-avatar page", ...(token ? { token } : {}) });
    this.view = new View((nowMs) => (this.client.session ? this.client.sample(nowMs) : null), (...frame) => this.#frame(...frame));
    this.avatars = new Avatars(this.view, (text) => this.transcript.note(text));
    this.vr = new Vr(this.view, (gaze) => this.client.reportGaze(gaze), (text) => this.transcript.note(text));
    this.settings = new Settings(this);
    this.#follow();
    this.#bind();
    bindKeys({
      talk: (isDown) => this.press(isDown), stop: () => this.stopReply(), mute: () => this.mute(), type: () => byId("say-text").focus(),
      latency: () => this.toggle("hud"), debug: () => this.toggle("debug"), settings: () => this.settings.open(),
    });
  }

  async open() {
    await this.view.open(this.preferences.flat);
    performance.mark("stage");
    if (this.view.kind === "3d") {
      const clips = this.view.stage.clips;
      const opened = clips.open().then(() => clips.loadAll());
      opened.catch((problem) => this.log.add("page", { type: "clips", problem: problem.message }));
    }
    await this.#openAvatar();
    await this.vr.open();
    document.documentElement.dataset.page = "ready";
    performance.mark("ready");
  }

  /** Without any model there is the drawn face. */
  async #openAvatar() {
    try {
      if (await this.avatars.open(this.preferences.avatar)) return;
    } catch (problem) {
      this.transcript.note(`The avatar could not be loaded: ${problem.message}`);
    }
    await this.view.open(true);
  }

  // -- what the user does

  /** Begins the conversation, with or without a microphone. */
  async start(withMicrophone) {
    hideNotice();
    byId("welcome").hidden = true;
    this.#link("connecting", "Connecting…");
    try {
      await this.client.start({ microphone: withMicrophone });
    } catch (problem) {
      if (problem instanceof MicrophoneError) {
        this.log.add("page", { type: "microphone", problem: problem.problem });
        showNotice(microphoneHelp(problem.problem), () => void this.useMicrophone());
      } else {
        byId("welcome").hidden = false;
        this.#link("off", "Not connected");
        showNotice(soundHelp(problem.message), () => void this.start(withMicrophone));
        return;
      }
    }
    this.#isBegun = true;
    this.#buttons();
    await this.settings.listDevices();
    if (!withMicrophone) byId("say-text").focus();
  }

  /** Opens the microphone later, or another one. */
  async useMicrophone() {
    try {
      await this.client.useMicrophone(this.preferences.device || null);
    } catch (problem) {
      showNotice(microphoneHelp(problem.problem), () => void this.useMicrophone());
    }
    this.#buttons();
    await this.settings.listDevices();
  }

  async leave() {
    await this.client.stop();
    this.#isBegun = false;
    this.#link("off", "Not connected");
    byId("welcome").hidden = false;
    byId("welcome-lead").textContent = "Talk again?";
    this.#buttons();
  }

  press(isDown) {
    if (!this.#isBegun || !this.client.input.isOpen) return;
    this.client.pressToTalk(isDown);
    byId("ptt-button").classList.toggle("down", isDown);
  }

  stopReply() {
    this.log.add("page", { type: "stop", reply_id: this.#replyId });
    this.client.interrupt();
  }

  mute() {
    if (!this.client.input.isOpen) return;
    this.client.mute(!this.client.input.isMuted);
    this.#buttons();
  }

  toggle(panel) {
    const box = byId(panel);
    box.hidden = !box.hidden;
    byId(`${panel}-button`).setAttribute("aria-expanded", String(!box.hidden));
  }

  async #say(text) {
    if (!this.#isBegun) await this.start(false);
    if (this.client.connectionState !== "live") await new Promise((done) => this.client.addEventListener("session.ready", done, { once: true }));
    if (!this.client.sendText(text)) this.transcript.note("That was not sent: there is no connection.");
  }

  #bind() {
    byId("start-button").addEventListener("click", () => void this.start(true));
    byId("type-button").addEventListener("click", () => void this.start(false));
    byId("notice-type").addEventListener("click", () => {
      hideNotice();
      byId("say-text").focus();
    });
    byId("notice-close").addEventListener("click", hideNotice);
    byId("say-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = byId("say-text").value.trim();
      byId("say-text").value = "";
      if (text) void this.#say(text);
    });
    byId("stop-button").addEventListener("click", () => this.stopReply());
    byId("mute-button").addEventListener("click", () => (this.client.input.isOpen ? this.mute() : void this.useMicrophone()));
    byId("hud-button").addEventListener("click", () => this.toggle("hud"));
    byId("debug-button").addEventListener("click", () => this.toggle("debug"));
    byId("settings-button").addEventListener("click", () => this.settings.open());
    const hold = byId("ptt-button");
    hold.addEventListener("pointerdown", (event) => {
      hold.setPointerCapture(event.pointerId);
      this.press(true);
    });
    for (const end of ["pointerup", "pointercancel"]) hold.addEventListener(end, () => this.press(false));
    hold.addEventListener("contextmenu", (event) => event.preventDefault());
    this.#bindDrop();
  }

  #bindDrop() {
    const stage = byId("stage");
    let depth = 0;
    const mark = (by) => {
      depth = Math.max(0, depth + by);
      stage.classList.toggle("dragging", depth > 0);
    };
    addEventListener("dragenter", () => mark(1));
    addEventListener("dragleave", () => mark(-1));
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("drop", (event) => {
      event.preventDefault();
      mark(-depth);
      const [file] = event.dataTransfer?.files ?? [];
      if (file) void this.avatars.take(file);
    });
  }

  // -- what the server says

  #follow() {
    const on = (type, act) => this.client.addEventListener(type, ({ detail }) => act(detail));
    on("session.ready", (ready) => this.#ready(ready));
    on("session.resumed", () => this.transcript.note("The connection is back."));
    on("session.updated", ({ settings }) => this.settings.inForce(settings));
    on("state", ({ state }) => this.#state(state));
    on("transcript.interim", ({ turn_id, text, stable_chars }) => this.transcript.heard(turn_id, text, { isFinal: false, stableChars: stable_chars }));
    on("transcript.final", ({ turn_id, text }) => this.transcript.heard(turn_id, text, { isFinal: true }));
    on("input.speech_started", () => (this.#isUserSpeaking = true));
    on("input.speech_stopped", () => (this.#isUserSpeaking = false));
    on("reply.started", ({ reply_id }) => (this.#replyId = reply_id));
    on("reply.interrupted", ({ reply_id }) => this.#draw(reply_id));
    on("reply.done", ({ reply_id, spoken_text, status }) => {
      this.#draw(reply_id);
      this.transcript.over(reply_id, spoken_text, status);
    });
    on("latency", ({ reply_id, voice_to_voice_ms }) => {
      this.#v2v.set(reply_id, { ...this.#v2v.get(reply_id), heardMs: voice_to_voice_ms });
      this.#latency(reply_id);
    });
    on("metrics", (metrics) => {
      this.#v2v.set(metrics.reply_id, { ...this.#v2v.get(metrics.reply_id), metrics });
      this.#latency(metrics.reply_id);
    });
    for (const cue of CUES) on(cue, (message) => this.debug.cue(message));
    on("warning", ({ code }) => this.#warn(code));
    on("error", ({ code, fatal }) => fatal || this.transcript.note(errorLine(code)));
    on("connection", (status) => this.#connection(status));
    on("sent", (message) => this.log.add("out", message));
    for (const type of LOGGED) on(type, (message) => this.log.add("in", { type, ...message }));
  }

  #ready(ready) {
    this.transcript.forgetIds();
    this.#replyId = 0;
    this.settings.session(ready);
    hideNoticeOfConnection();
    this.#state("idle");
    this.#buttons();
  }

  #state(state) {
    document.documentElement.dataset.state = state;
    byId("state-text").textContent = STATES[state] ?? state;
    byId("stop-button").disabled = !["speaking", "thinking"].includes(state);
  }

  #warn(code) {
    const line = warningLine(code);
    if (line) this.transcript.note(line);
  }

  #connection({ state, waitMs, code, isResuming }) {
    this.log.add("page", { type: "connection", state, code });
    switch (state) {
      case "live":
        this.#link("open", STATES[document.documentElement.dataset.state] ?? "Ready");
        break;
      case "connecting":
      case "greeting":
        this.#link("connecting", isResuming ? "Reconnecting…" : "Connecting…");
        break;
      case "waiting":
        this.#link("connecting", `Trying again in ${Math.max(1, Math.round(waitMs / 1000))} s…`);
        if (!isResuming && waitMs > 900) showNotice(closeHelp(code), () => this.client.start({ microphone: false }));
        break;
      case "ended":
        this.#link("off", "Disconnected");
        showNotice(closeHelp(code), () => void this.start(this.client.input.isOpen));
        break;
      default:
    }
    byId("notice").dataset.about = state === "waiting" || state === "ended" ? "connection" : byId("notice").dataset.about ?? "";
  }

  #link(link, text) {
    document.documentElement.dataset.link = link;
    byId("state-text").textContent = text;
  }

  #buttons() {
    const { isOpen, isMuted } = this.client.input;
    byId("mute-button").disabled = !this.#isBegun;
    byId("mute-button").setAttribute("aria-pressed", String(!isOpen || isMuted));
    byId("mute-name").textContent = !isOpen ? "Turn the microphone on" : isMuted ? "Unmute the microphone" : "Mute the microphone";
    byId("ptt-button").disabled = !this.#isBegun || !isOpen;
    byId("leave-button").disabled = !this.#isBegun;
    this.meter.hint(!this.#isBegun ? "" : !isOpen ? "off" : isMuted ? "muted" : "");
  }

  #latency(replyId) {
    const { metrics, heardMs = null } = this.#v2v.get(replyId);
    if (metrics) this.hud.turn(metrics, heardMs);
  }

  // -- every picture

  #draw(replyId) {
    const { captions } = this.client.sample();
    if (captions && replyId === this.#replyId) this.transcript.spoken(replyId, captions, performance.now());
  }

  #frame(shown, pose, nowMs) {
    this.debug.mouth(pose.mouth, nowMs);
    if (shown?.captions && this.#replyId) this.transcript.spoken(this.#replyId, shown.captions, nowMs);
    const { isOpen, isMuted, level } = this.client.input;
    if (isOpen && !isMuted) this.meter.level(level > 0 ? 20 * Math.log10(level) : -100, nowMs, this.#isUserSpeaking);
    this.vr.frame(nowMs);
    if (nowMs - this.#figuresMs < FIGURES_MS) return;
    this.#figuresMs = nowMs;
    this.#figures();
  }

  #figures() {
    const { roundTripMs, bufferedMs, jitterMs, underruns, outputLatencyMs } = this.client.stats();
    const { fps, pixel_ratio } = this.view.stage.figures();
    this.hud.line([
      ["Round trip", ms(roundTripMs)], ["Buffered", ms(bufferedMs)], ["Jitter buffer", ms(jitterMs)], ["Output device", ms(outputLatencyMs)],
      ["Ran empty", String(underruns)], ["Pictures", `${fps.toFixed(0)} /s at ${pixel_ratio.toFixed(2)}`],
    ]);
  }
}

/** Messages that the log keeps; `session.ready` and `session.resumed` without their tokens. */
const LOGGED = [
  "session.ready", "session.resumed", "session.updated", "session.goaway", "state", "input.speech_started", "input.speech_stopped",
  "transcript.interim", "transcript.final", "turn.ended", "reply.started", "reply.text", "reply.segment", "visemes", "face", "gesture", "head", "gaze", "body",
  "reply.audio_done", "reply.paused", "reply.resumed", "reply.interrupted", "reply.done", "metrics", "warning", "error", "latency", "playback",
];

function hideNoticeOfConnection() {
  if (byId("notice").dataset.about === "connection") hideNotice();
}

const page = new Page();
/** For the console and for tests. */
window.voiceAvatar = page;
await page.open();
