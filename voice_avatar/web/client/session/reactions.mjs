// What a client does with each frame of the server: the rules of order. Pure.
// PROTOCOL.md, sections 2, 3, 4 and 6.

import { FrameOrder } from "../wire/frames.mjs";
import { isResumable, waitMs } from "./close_codes.mjs";

/**
 * The session that a client comes back to.
 * @typedef {{session_id: string, token: string, last_seq: number}} Resume
 *
 * Something that a client does; the README of `vectors/` says when and with which fields.
 * @typedef {object} Action
 * @property {string} do
 * @property {string} [type]
 * @property {number} [reply_id]
 * @property {number} [pts]
 * @property {number} [samples]
 * @property {string} [state]
 * @property {string} [code]
 * @property {number} [after_ms]
 * @property {Resume} [resume]
 */

/** The rules for one session of PCM16 audio, over all its connections. */
export class Reactions {
  #newest = 0;
  #isLive = false;
  #expected = 0;
  #order = new FrameOrder();
  /** @type {number | null} */
  #audioSeq = null;
  /** @type {number | null} */
  #goawayMs = null;
  #failures = 0;
  #lastSeq = -1;
  #sessionId = "";
  /** @type {string | null} */
  #token = null;

  /** Id of the newest reply; 0 before the first. */
  get replyId() {
    return this.#newest;
  }

  /** Whether that reply is neither over nor interrupted. */
  get isLive() {
    return this.#isLive;
  }

  /**
   * Takes a message of the server.
   * @param {import("../wire/text.mjs").Message} message
   * @returns {Action[]}
   */
  message(message) {
    const { type, reply_id: id } = message;
    if (type === "session.ready" || type === "session.resumed") return this.#greeted(message);
    if (message.seq <= this.#lastSeq) {
      return [id === undefined ? { do: "drop", type } : { do: "drop", type, reply_id: id }];
    }
    this.#lastSeq = message.seq;
    if (type === "metrics" || id === undefined) return [this.#ofSession(message)];
    if (type === "reply.started") return [this.#begin(id)];
    if (id !== this.#newest || !(this.#isLive || type === "reply.done")) {
      return [{ do: "drop", type, reply_id: id }];
    }
    return [this.#ofReply(message, id)];
  }

  /**
   * Takes a frame of audio: silence goes where samples are missing, and none is played twice.
   * @param {import("../wire/frames.mjs").Frame} frame
   * @returns {Action[]}
   */
  audio(frame) {
    if (!this.#isOfReply(frame) || this.#isHeard(frame.seq)) return [{ do: "drop", type: "binary" }];
    this.#audioSeq = frame.seq;
    /** @type {Action[]} */
    const actions = [];
    const end = frame.pts + frame.payload.length / 2;
    for (const [what, until] of /** @type {[string, number][]} */ ([["gap", frame.pts], ["play", end]])) {
      if (until <= this.#expected) continue;
      const samples = until - this.#expected;
      actions.push({ do: what, reply_id: this.#newest, pts: this.#expected, samples });
      this.#expected = until;
    }
    return actions.length ? actions : [{ do: "note", type: "binary" }];
  }

  /**
   * Returns whether a face frame is of the live reply, and did not come before.
   * @param {import("../wire/frames.mjs").FaceFrame} frame
   */
  isFaceWanted(frame) {
    return this.#isOfReply(frame) && !this.#order.arrived(frame).stale;
  }

  /**
   * The connection is closed.
   * @param {number} code 1006 = without a close frame.
   * @returns {Action}
   */
  closed(code) {
    if (!isResumable(code) && this.#failures === 0) this.#token = null;
    const after_ms = waitMs(code, this.#failures, this.#token !== null, this.#goawayMs);
    this.#goawayMs = null;
    this.#failures += 1;
    if (after_ms === null) return { do: "give_up" };
    if (this.#token === null) return { do: "reconnect", after_ms };
    const last_seq = Math.max(0, this.#lastSeq);
    const resume = { session_id: this.#sessionId, token: this.#token, last_seq };
    return { do: "reconnect", after_ms, resume };
  }

  /** @param {{stream: number}} frame */
  #isOfReply(frame) {
    return this.#isLive && frame.stream === this.#newest % 65536;
  }

  /** @param {number} seq */
  #isHeard(seq) {
    return this.#audioSeq !== null && (seq - this.#audioSeq - 1) >>> 0 >= 0x80000000;
  }

  /**
   * @param {import("../wire/text.mjs").Message} message
   * @returns {Action[]}
   */
  #greeted(message) {
    this.#failures = 0;
    this.#token = message.resume?.token ?? null;
    if (message.type === "session.ready") {
      this.#sessionId = message.session_id;
      this.#newest = 0;
      this.#isLive = false;
      this.#lastSeq = message.seq;
      return [{ do: "open" }];
    }
    const report = { do: "report", reply_id: this.#newest };
    return this.#isLive ? [{ do: "resume_session" }, report] : [{ do: "resume_session" }];
  }

  /**
   * @param {number} id
   * @returns {Action}
   */
  #begin(id) {
    if (id <= this.#newest) return { do: "drop", type: "reply.started", reply_id: id };
    this.#newest = id;
    this.#isLive = true;
    this.#expected = 0;
    this.#audioSeq = null;
    this.#order = new FrameOrder();
    return { do: "begin", reply_id: id };
  }

  /**
   * @param {import("../wire/text.mjs").Message} message
   * @param {number} id
   * @returns {Action}
   */
  #ofReply(message, id) {
    switch (message.type) {
      case "reply.paused":
        return { do: "pause", reply_id: id, state: "paused" };
      case "reply.resumed":
        return { do: "resume", reply_id: id };
      case "reply.audio_done":
        return { do: "ends_at", reply_id: id, samples: message.sample_count };
      case "reply.interrupted":
        this.#isLive = false;
        return { do: "flush", reply_id: id, state: "stopped" };
      case "reply.done":
        this.#isLive = false;
        return { do: "end", reply_id: id };
      default:
        return { do: "schedule", type: message.type, reply_id: id };
    }
  }

  /**
   * @param {import("../wire/text.mjs").Message} message
   * @returns {Action}
   */
  #ofSession(message) {
    switch (message.type) {
      case "session.updated":
        return { do: "settings" };
      case "state":
        return { do: "state", state: message.state };
      case "session.goaway":
        this.#goawayMs = message.reconnect_in_ms;
        return { do: "goaway", after_ms: message.reconnect_in_ms };
      case "error":
        return message.fatal ? { do: "fail", code: message.code } : { do: "note", type: "error" };
      default:
        return { do: "note", type: message.type };
    }
  }
}
