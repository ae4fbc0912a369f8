// One WebSocket after another for one conversation: connects, greets, comes back. A shell around
// `connection_table.mjs`.

import { LOST } from "./close_codes.mjs";
import { transition } from "./connection_table.mjs";

/** Offered to the server; its number is the major version. */
export const SUBPROTOCOL = "voice-avatar.v1";

/** Time for the socket and for the answer to `session.hello`, ms: the server's own limit. */
const ANSWER_MS = 10000;
/** Waits are longer or shorter by up to this share, so that not all clients come at once. */
const SPREAD = 0.2;
/** Audio that may wait in the socket before frames are left out, bytes: 2 s of PCM16 at 16 kHz. */
const MOST_WAITING_BYTES = 64000;

/**
 * @typedef {import("./connection_table.mjs").State} State
 * @typedef {import("./reactions.mjs").Resume} Resume
 *
 * @typedef {object} Wiring what a connection calls.
 * @property {(resume: Resume | null) => object} hello the message that opens or resumes a session.
 * @property {(data: string | Uint8Array) => void} frame a frame of the server came.
 * @property {(code: number, reason: string) => import("./reactions.mjs").Action} closed a connection
 *   is gone; what to do now.
 * @property {(status: Status) => void} changed the state is another.
 *
 * @typedef {object} Status
 * @property {State} state
 * @property {boolean} isResuming whether it is about a session that goes on.
 * @property {number} waitMs until the next attempt, in "waiting".
 * @property {number} code of the last close; 0 = none.
 * @property {string} reason of the last close.
 *
 * @typedef {object} SocketEdge what a connection needs of its surroundings.
 * @property {(url: string, protocols: string[]) => WebSocket} dial
 * @property {() => number} chance 0..1.
 */

/** @type {SocketEdge} */
export const BROWSER_SOCKETS = Object.freeze({
  dial: (/** @type {string} */ url, /** @type {string[]} */ protocols) => new WebSocket(url, protocols),
  chance: Math.random,
});

/** A connection that comes back by itself. */
export class Connection {
  #url;
  #wiring;
  #edge;
  /** @type {State} */
  #state = "closed";
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Resume | null} */
  #resume = null;
  #waitMs = 0;
  #last = { code: 0, reason: "" };

  /**
   * @param {string} url of the server, `ws:` or `wss:`.
   * @param {Wiring} wiring
   * @param {SocketEdge} [edge]
   */
  constructor(url, wiring, edge = BROWSER_SOCKETS) {
    this.#url = url;
    this.#wiring = wiring;
    this.#edge = edge;
  }

  /** @type {State} */
  get state() {
    return this.#state;
  }

  /** Whether messages can be sent. */
  get isLive() {
    return this.#state === "live" || this.#state === "draining";
  }

  /** Connects, or does it now rather than after the wait. */
  open() {
    this.#on("open");
  }

  /** Leaves; the session is over. */
  leave() {
    this.#resume = null;
    this.#on("leave");
  }

  /** The server answered `session.hello`. */
  answered() {
    this.#resume = null;
    this.#on("answered");
  }

  /** The server will close soon. */
  goaway() {
    this.#on("goaway");
  }

  /**
   * Sends a message; one that cannot be sent is lost.
   * @param {object} message
   * @returns {boolean} whether it was sent.
   */
  send(message) {
    if (!this.isLive || !this.#socket) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /**
   * Sends a binary frame, unless so much waits already that it would come too late.
   * @param {Uint8Array<ArrayBuffer>} frame
   * @returns {boolean} whether it was sent.
   */
  sendFrame(frame) {
    if (!this.isLive || !this.#socket) return false;
    if (this.#socket.bufferedAmount > MOST_WAITING_BYTES) return false;
    this.#socket.send(frame);
    return true;
  }

  /** @param {import("./connection_table.mjs").Event} event */
  #on(event) {
    const next = transition(this.#state, event);
    if (next === null) return;
    const was = this.#state;
    this.#state = next.to;
    this.#do(next.deed);
    if (was !== next.to) this.#tell();
  }

  /** @param {import("./connection_table.mjs").Deed} deed */
  #do(deed) {
    clearTimeout(this.#timer);
    switch (deed) {
      case "dial":
        this.#dial();
        break;
      case "hello":
        this.#timer = setTimeout(() => this.#on("overdue"), ANSWER_MS);
        this.#socket?.send(JSON.stringify(this.#wiring.hello(this.#resume)));
        break;
      case "wait":
        this.#timer = setTimeout(() => this.#on("due"), this.#waitMs);
        break;
      case "hang up":
        this.#drop();
        if (this.#state !== "closed") this.#gone(LOST, "no answer in time");
        break;
      case "say goodbye":
        this.#socket?.send(JSON.stringify({ type: "session.close" }));
        this.#socket?.close(1000);
        this.#drop();
        break;
      default: // "serve" and "nothing" are for those who are told of the state
    }
  }

  #dial() {
    const socket = this.#edge.dial(this.#url, [SUBPROTOCOL]);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#on("overdue"), ANSWER_MS);
    const ifMine = (/** @type {() => void} */ act) => {
      if (this.#socket === socket) act();
    };
    socket.onopen = () => ifMine(() => this.#on("opened"));
    socket.onclose = (event) => ifMine(() => this.#gone(event.code || LOST, event.reason ?? ""));
    socket.onmessage = ({ data }) =>
      ifMine(() => this.#wiring.frame(typeof data === "string" ? data : new Uint8Array(data)));
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #gone(code, reason) {
    this.#socket = null;
    this.#last = { code, reason };
    const action = this.#wiring.closed(code, reason);
    if (action.do !== "reconnect") {
      this.#on("refused");
      return;
    }
    this.#resume = action.resume ?? null;
    this.#waitMs = (action.after_ms ?? 0) * (1 + SPREAD * (2 * this.#edge.chance() - 1));
    this.#on("lost");
  }

  /** Lets go of the socket: what it still says is not heard. */
  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    if (socket && socket.readyState < 2) socket.close();
  }

  #tell() {
    const isWaiting = this.#state === "waiting";
    this.#wiring.changed({
      state: this.#state,
      isResuming: this.#resume !== null,
      waitMs: isWaiting ? this.#waitMs : 0,
      ...this.#last,
    });
  }
}
