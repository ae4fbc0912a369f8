// A client of voice-avatar: connects, listens, plays, and says what the avatar shows. README.md says
// how to use it.

import { Stage } from "./acting/stage.mjs";
import { BrowserAudio } from "./audio/browser_audio.mjs";
import { BrowserMicrophone } from "./audio/microphone.mjs";
import { Player } from "./audio/player.mjs";
import { ClockSync } from "./session/clock.mjs";
import { BROWSER_SOCKETS, Connection } from "./session/connection.mjs";
import { hello } from "./session/hello.mjs";
import { Reactions } from "./session/reactions.mjs";
import { Talk } from "./session/talk.mjs";
import { TurnLatency } from "./session/turn_latency.mjs";
import { KIND, Refused, kindOf, readAudio, readFaces } from "./wire/frames.mjs";
import { readText } from "./wire/text.mjs";

export { BrowserAudio } from "./audio/browser_audio.mjs";
export { BrowserMicrophone, MicrophoneError, microphones } from "./audio/microphone.mjs";
export { barOf } from "./audio/level.mjs";
export { MOUTH_WHILE_SPEAKING } from "./acting/expressions.mjs";
export { ARKIT52, OVR15, VRM5 } from "./acting/sets.mjs";

const PING_MS = 5000;

/**
 * @typedef {import("./wire/text.mjs").Message} Message
 * @typedef {import("./acting/stage.mjs").Shown} Shown
 *
 * What a client asks for and stands on; all of it may be left out.
 * @typedef {import("./session/hello.mjs").Wishes & Edges} Options
 *
 * @typedef {object} Edges
 * @property {string} [url] of the server; the page's own host where it is left out.
 * @property {import("./audio/browser_audio.mjs").Loudspeaker} [loudspeaker]
 * @property {import("./audio/microphone.mjs").MicrophoneEdge} [microphone]
 * @property {import("./session/connection.mjs").SocketEdge} [sockets]
 *
 * Figures for a latency display.
 * @typedef {object} Stats
 * @property {number | null} roundTripMs to the server and back, the smallest of the last.
 * @property {number} bufferedMs reply audio that waits.
 * @property {number} jitterMs audio that is waited for before a reply starts.
 * @property {number} underruns times that replies ran empty.
 * @property {number} outputLatencyMs of the sound device.
 * @property {number | null} voiceToVoiceMs of the last spoken turn.
 */

/** Returns the address of the page's own server. */
export function ownUrl() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${location.host}/v1/avatar`;
}

/**
 * A conversation with an avatar. Every message of the server that is not stale is also an event of its
 * own `type`, with the message as `detail`; the README lists the other events.
 */
export class AvatarClient extends EventTarget {
  #wishes;
  /** @type {Connection} */
  #connection;
  #player;
  /** @type {Talk} */
  #talk;
  #stage;
  #reactions = new Reactions();
  #clock = new ClockSync();
  #latency = new TurnLatency();
  /** @type {number | null} */
  #voiceToVoiceMs = null;
  #rateHz = 24000;
  #hasEnd = false;
  /** @type {Message | null} */
  #session = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #pinging;

  /** @param {Options} [options] */
  constructor(options = {}) {
    super();
    const { url, loudspeaker, microphone, sockets = BROWSER_SOCKETS, ...wishes } = options;
    const browser = loudspeaker && microphone ? null : new BrowserAudio();
    const speaker = loudspeaker ?? /** @type {BrowserAudio} */ (browser);
    const mic = microphone ?? new BrowserMicrophone(/** @type {BrowserAudio} */ (browser));
    /** The sound device, where the client made it: for its volume and its meters. */
    this.audio = browser;
    /** The microphone that it listens to. */
    this.microphone = mic;
    this.#wishes = wishes;
    this.#connection = new Connection(
      url ?? ownUrl(),
      {
        hello: (resume) => this.#hello(resume),
        frame: (data) => this.#frame(data),
        closed: (code) => this.#reactions.closed(code),
        changed: (status) => this.#changed(status),
      },
      sockets,
    );
    this.#player = new Player(speaker, (report) => this.#report(report));
    this.#talk = new Talk(
      mic,
      (message) => this.send(message),
      (frame) => this.#connection.sendFrame(frame),
    );
    mic.onLost = () => {
      this.#talk.lost();
      this.#emit("microphone", { problem: "lost" });
    };
    if (browser) browser.onRunning = (isRunning) => this.#emit("sound", { isRunning });
    this.#stage = new Stage(sockets.chance);
  }

  // -- to begin and to end

  /**
   * Begins; call it from a click, which browsers want before they play sound.
   * @param {{microphone?: boolean}} [what] without a microphone the user types.
   * @returns {Promise<void>} when the sound device is open; the session follows: see "session.ready".
   * @throws {import("./audio/microphone.mjs").MicrophoneError} the rest goes on without one.
   */
  async start({ microphone = true } = {}) {
    await this.#player.start();
    try {
      if (microphone) await this.#talk.open();
    } finally {
      this.#connection.open();
    }
  }

  /** Ends the session and lets microphone and sound device go. */
  async stop() {
    this.#talk.close();
    this.#connection.leave();
    await this.#player.stop();
  }

  /** Ends this session and begins another, as for a persona or voice, which belong to a session.
   * @param {import("./session/hello.mjs").Wishes} wishes what changes.
   */
  restart(wishes) {
    this.#wishes = { ...this.#wishes, ...wishes };
    this.#connection.leave();
    this.#connection.open();
  }

  // -- what the user does

  /** Stops the avatar at once. */
  interrupt() {
    if (!this.#reactions.isLive) return;
    this.send({ type: "interrupt", reply_id: this.#reactions.replyId });
    this.#flush();
  }

  /**
   * A typed turn; it interrupts the avatar.
   * @param {string} text not empty.
   * @returns {boolean} whether it was sent.
   */
  sendText(text) {
    return this.send({ type: "input.text", text });
  }

  /**
   * The button to talk goes down or up. Down interrupts the avatar.
   * @param {boolean} isDown
   */
  pressToTalk(isDown) {
    if (isDown) this.interrupt();
    this.#talk.press(isDown);
  }

  /** @param {boolean} isMuted whether the microphone is off. */
  mute(isMuted) {
    this.#talk.mute(isMuted);
  }

  /** @param {boolean} isPressToTalk whether only `pressToTalk` lets anything be heard. */
  usePressToTalk(isPressToTalk) {
    this.#talk.usePressToTalk(isPressToTalk);
  }

  /**
   * Says which microphone to take, from the next opening on.
   * @param {string | null} deviceId of `microphones()`; null = the usual one.
   * @param {{echoCancellation?: boolean}} [how] whether the browser takes the avatar's own voice out.
   */
  chooseMicrophone(deviceId, { echoCancellation = true } = {}) {
    if (!(this.microphone instanceof BrowserMicrophone)) return;
    this.microphone.deviceId = deviceId;
    this.microphone.wantsEchoCancelled = echoCancellation;
  }

  /**
   * Opens the microphone that was chosen, or changes to it.
   * @throws {import("./audio/microphone.mjs").MicrophoneError} one that was open stays open.
   */
  async useMicrophone() {
    await this.#talk.open();
  }

  /**
   * Changes settings of the running session; `session.updated` answers.
   * @param {{language?: string, instructions?: string, visemes?: string, captions?: boolean}} settings
   */
  update(settings) {
    this.#wishes = { ...this.#wishes, ...settings };
    return this.send({ type: "session.update", ...settings });
  }

  /**
   * Says where the user is and looks; at most 10 times a second.
   * @param {object} gaze fields of `user.gaze`.
   */
  reportGaze(gaze) {
    return this.send({ type: "user.gaze", ...gaze });
  }

  /**
   * Answers a `tool.call`.
   * @param {string} callId
   * @param {unknown} output for the model; what is no string goes out as JSON.
   */
  answerTool(callId, output) {
    const text = typeof output === "string" ? output : JSON.stringify(output ?? null);
    return this.send({ type: "tool.result", call_id: callId, output: text });
  }

  /**
   * Sends any message of PROTOCOL.md, section 7.
   * @param {object} message
   * @returns {boolean} whether it was sent: only within a session.
   */
  send(message) {
    const isSent = this.#connection.send(message);
    if (isSent) this.#emit("sent", message);
    return isSent;
  }

  // -- what can be seen

  /** `session.ready` of the session; null before. */
  get session() {
    return this.#session;
  }

  /** Where the connection stands. */
  get connectionState() {
    return this.#connection.state;
  }

  /** Microphone and button. */
  get input() {
    const { isOpen, isMuted, isPressed, isPressToTalk, level } = this.#talk;
    return { isOpen, isMuted, isPressed, isPressToTalk, level };
  }

  /**
   * Returns one frame of everything that a renderer needs. Call it for each frame.
   * @param {number} [nowMs] as of `requestAnimationFrame`.
   * @returns {Shown}
   */
  sample(nowMs = performance.now()) {
    const { isMoving } = this.#player.view;
    return this.#stage.at(nowMs, this.#player.heardMs(nowMs), isMoving);
  }

  /** @returns {Stats} */
  stats() {
    const { buffered, rateHz, startMs, underruns } = this.#player.view;
    return {
      roundTripMs: this.#clock.roundTripMs,
      bufferedMs: (buffered * 1000) / rateHz,
      jitterMs: startMs,
      underruns,
      outputLatencyMs: this.#player.latencyMs,
      voiceToVoiceMs: this.#voiceToVoiceMs,
    };
  }

  // -- from the server

  /** @param {import("./session/reactions.mjs").Resume | null} resume */
  #hello(resume) {
    const { isEchoCancelled, isPressToTalk } = this.#talk;
    return hello(this.#wishes, { isEchoCancelled, isPressToTalk, resume });
  }

  /** @param {string | Uint8Array} data */
  #frame(data) {
    try {
      if (typeof data === "string") this.#text(data);
      else if (kindOf(data) === KIND.FACE_OUT) this.#faces(data);
      else this.#audio(data);
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      this.#emit("refused", { code: refused.code });
    }
  }

  /** @param {string} text */
  #text(text) {
    const read = readText(text);
    if (!("message" in read)) return;
    const { message } = read;
    for (const action of this.#reactions.message(message)) this.#act(action, message);
  }

  /** @param {Uint8Array} data */
  #audio(data) {
    const frame = readAudio(data, KIND.AUDIO_OUT);
    if (!frame) return;
    for (const { do: what, pts = 0 } of this.#reactions.audio(frame)) {
      if (what !== "play") continue; // a "gap" is filled by what comes after it
      const samples = this.#player.play(frame, pts);
      this.#stage.acting?.addAudio(pts, samples);
    }
  }

  /** @param {Uint8Array} data */
  #faces(data) {
    const frame = readFaces(data);
    if (this.#reactions.isFaceWanted(frame)) this.#stage.acting?.addFaces(frame);
  }

  /**
   * @param {import("./session/reactions.mjs").Action} action
   * @param {Message} message
   */
  #act(action, message) {
    const nowMs = performance.now();
    switch (action.do) {
      case "drop":
        return;
      case "open":
        this.#open(message);
        break;
      case "resume_session":
        this.#connection.answered();
        this.#talk.goOn();
        break;
      case "report":
        this.#player.reportNow();
        return;
      case "settings":
        if (this.#session) this.#session = { ...this.#session, settings: message.settings };
        this.#stage.settings(message.settings);
        break;
      case "state":
        this.#stage.state(message.state, nowMs);
        break;
      case "begin":
        this.#begin(message, nowMs);
        break;
      case "schedule":
        this.#stage.acting?.add(message);
        break;
      case "pause":
        this.#player.pause();
        break;
      case "resume":
        this.#player.resume();
        break;
      case "ends_at":
        this.#endsAt(message.sample_count);
        break;
      case "flush":
        this.#flush();
        this.#stage.acting?.captions.end(message.spoken_text);
        break;
      case "end":
        this.#end(message);
        break;
      case "goaway":
        this.#connection.goaway();
        break;
      default:
        this.#note(message, nowMs);
    }
    this.#emit(message.type, message);
  }

  /** @param {Message} ready */
  #open(ready) {
    this.#session = ready;
    this.#player.reset();
    this.#stage.open(/** @type {any} */ (ready));
    this.#connection.answered();
    this.#talk.begin();
  }

  /**
   * @param {Message} started
   * @param {number} nowMs
   */
  #begin({ reply_id, turn_id, rate_hz }, nowMs) {
    this.#rateHz = rate_hz;
    this.#hasEnd = false;
    this.#stage.begin(rate_hz, nowMs);
    this.#player.begin(/** @type {number} */ (reply_id), rate_hz);
    this.#latency.replyStarted(/** @type {number} */ (reply_id), turn_id);
  }

  /** @param {number} samples */
  #endsAt(samples) {
    this.#hasEnd = true;
    this.#player.endsAt(samples);
    this.#stage.lasts((samples * 1000) / this.#rateHz);
  }

  #flush() {
    this.#stage.cut(this.#player.heardMs(performance.now()), performance.now());
    this.#player.flush();
  }

  /** @param {Message} done */
  #end({ status, spoken_text }) {
    if (status !== "completed") this.#stage.acting?.captions.end(spoken_text);
    if (!this.#hasEnd && status !== "interrupted") this.#endsAt(this.#player.received);
  }

  /**
   * Messages that need no rule of order.
   * @param {Message} message
   * @param {number} nowMs
   */
  #note(message, nowMs) {
    switch (message.type) {
      case "body":
        this.#stage.body(/** @type {any} */ (message), nowMs);
        break;
      case "clock.pong":
        this.#clock.add([message.t0_ms, message.t1_ms, message.t2_ms, nowMs]);
        break;
      case "input.speech_stopped":
        this.#latency.speechStopped(this.#talk.timeOf(message.t_ms));
        break;
      case "turn.ended":
        this.#latency.turnEnded(message.turn_id, message.reason);
        break;
      default: // only told on
    }
  }

  // -- from below

  /** @param {import("./session/connection.mjs").Status} status */
  #changed(status) {
    clearInterval(this.#pinging);
    if (this.#connection.isLive) {
      const ping = () => this.#connection.send({ type: "clock.ping", t0_ms: performance.now() });
      this.#pinging = setInterval(ping, PING_MS);
      ping();
    }
    this.#emit("connection", status);
  }

  /** @param {Record<string, any>} report */
  #report(report) {
    this.#connection.send(report);
    const { client_ms: nowMs, output_latency_ms: latencyMs } = report;
    if (report.state === "finished") this.#stage.finished(nowMs + latencyMs);
    if (report.state === "started") {
      // by the device's clock, for the page may have been told late
      const tMs = this.#player.heardMs(nowMs);
      const ms = this.#latency.heard(report.reply_id, tMs === null ? nowMs + latencyMs : nowMs - tMs);
      if (ms !== null) {
        this.#voiceToVoiceMs = ms;
        this.#emit("latency", { reply_id: report.reply_id, voice_to_voice_ms: ms });
      }
    }
    this.#emit("playback", report);
  }

  /**
   * @param {string} type
   * @param {unknown} detail
   */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
