// The user's side of a conversation: microphone, mute and push-to-talk.

import { MICROPHONE_HZ } from "./hello.mjs";
import { MicrophoneStream } from "../audio/microphone_stream.mjs";

/** @typedef {import("../audio/microphone.mjs").MicrophoneEdge} MicrophoneEdge */

/** What the user says, on its way to the server. */
export class Talk {
  #microphone;
  #send;
  #sendFrame;
  #stream = new MicrophoneStream(MICROPHONE_HZ);
  #isOpen = false;
  #openings = 0;
  #isMuted = false;
  #hasTold = false;
  #isPressed = false;
  #isPressToTalk = false;

  /**
   * @param {MicrophoneEdge} microphone
   * @param {(message: object) => boolean} send
   * @param {(frame: Uint8Array<ArrayBuffer>) => boolean} sendFrame
   */
  constructor(microphone, send, sendFrame) {
    this.#microphone = microphone;
    this.#send = send;
    this.#sendFrame = sendFrame;
  }

  /** Whether there is a microphone. */
  get isOpen() {
    return this.#isOpen;
  }

  /** Whether the user turned the microphone off. */
  get isMuted() {
    return this.#isMuted;
  }

  /** Whether the button is down. */
  get isPressed() {
    return this.#isPressed;
  }

  /** Whether only the button lets anything be heard. */
  get isPressToTalk() {
    return this.#isPressToTalk;
  }

  /** Loudness of the microphone, 0..1. */
  get level() {
    return this.#isOpen ? this.#microphone.level : 0;
  }

  /** Whether the avatar's own voice is taken out of what is recorded. */
  get isEchoCancelled() {
    return !this.#isOpen || this.#microphone.isEchoCancelled;
  }

  /** Opens the microphone, or another one; where that fails, one that was open stays open. */
  async open() {
    this.#openings += 1;
    const opening = this.#openings;
    await this.#microphone.start(MICROPHONE_HZ, (samples, nowMs) => this.#hear(samples, nowMs));
    if (opening === this.#openings) this.#isOpen = true;
  }

  /** Lets the microphone go. */
  close() {
    this.#microphone.stop();
    this.lost();
    this.#isPressed = false;
  }

  /** The microphone went away by itself. */
  lost() {
    this.press(false);
    this.#openings += 1;
    this.#isOpen = false;
  }

  /** A session begins: the microphone's clock begins anew. */
  begin() {
    this.#stream = new MicrophoneStream(MICROPHONE_HZ);
    if (this.#isMuted) this.#send({ type: "input.stop", mode: "vad" });
    if (this.#isPressed) this.#send({ type: "input.start", mode: "ptt" });
  }

  /** The session goes on: what may not have come is sent again. */
  goOn() {
    // What was said of it last may not have come either; said twice it changes nothing.
    if (this.#hasTold) this.#send({ type: this.#isMuted ? "input.stop" : "input.start", mode: "vad" });
    for (const frame of this.#stream.kept) this.#sendFrame(frame);
  }

  /** @param {boolean} isMuted */
  mute(isMuted) {
    if (isMuted === this.#isMuted) return;
    this.#isMuted = isMuted;
    this.#hasTold = true;
    this.#send({ type: isMuted ? "input.stop" : "input.start", mode: "vad" });
  }

  /**
   * The button goes down or up.
   * @param {boolean} isPressed
   */
  press(isPressed) {
    if (isPressed === this.#isPressed) return;
    if (!isPressed) {
      const frame = this.#stream.flush();
      if (frame) this.#sendFrame(frame);
    }
    this.#isPressed = isPressed;
    this.#send({ type: isPressed ? "input.start" : "input.stop", mode: "ptt" });
  }

  /** @param {boolean} isPressToTalk */
  usePressToTalk(isPressToTalk) {
    if (isPressToTalk === this.#isPressToTalk) return;
    this.press(false);
    this.#isPressToTalk = isPressToTalk;
    this.#send({ type: "session.update", endpointing: isPressToTalk ? "manual" : "auto" });
  }

  /**
   * Returns when a moment of the microphone's clock was, on the client's; null = too long ago.
   * @param {number} tMs
   */
  timeOf(tMs) {
    return this.#stream.timeOf(tMs);
  }

  /**
   * @param {Float32Array} samples
   * @param {number} nowMs
   */
  #hear(samples, nowMs) {
    if (this.#isMuted || (this.#isPressToTalk && !this.#isPressed)) return;
    for (const frame of this.#stream.push(samples, nowMs)) this.#sendFrame(frame);
  }
}
