// The microphone of a page: permission, device, samples at the rate that the server wants. A shell.

import { ArrivalClock } from "./arrival_clock.mjs";
import { Meter } from "./level.mjs";
import { Resampler } from "./resampler.mjs";

/**
 * What a client needs of a microphone; tests have one of their own.
 * @typedef {object} MicrophoneEdge
 * @property {(rateHz: number, onSamples: (samples: Float32Array, nowMs: number) => void) =>
 *   Promise<void>} start
 * @property {() => void} stop
 * @property {() => void} [onLost] set by the client: called when the device goes away.
 * @property {boolean} isEchoCancelled whether the avatar's own voice is taken out.
 * @property {number} level root mean square, 0..1.
 *
 * Why there is no microphone: "insecure" = neither https nor localhost, "denied" = the user or a
 * policy said no, "missing" = there is none, "busy" = another program has it, "failed" = unknown.
 * @typedef {"insecure" | "denied" | "missing" | "busy" | "failed"} MicrophoneProblem
 */

/** There is no microphone to be had; the conversation can go on by text. */
export class MicrophoneError extends Error {
  /**
   * @param {MicrophoneProblem} problem
   * @param {unknown} [cause]
   */
  constructor(problem, cause) {
    super(`no microphone: ${problem}`, { cause });
    this.name = "MicrophoneError";
    this.problem = problem;
  }
}

/** @type {Record<string, MicrophoneProblem>} */
const PROBLEMS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

/**
 * Returns what is asked of the browser.
 * @param {string | null} deviceId null = the usual one.
 * @param {boolean} [isEchoCancelled] whether the page's own sound is to be taken out.
 * @returns {MediaTrackConstraints}
 */
export function constraints(deviceId, isEchoCancelled = true) {
  return {
    echoCancellation: isEchoCancelled,
    noiseSuppression: true,
    autoGainControl: true,
    channelCount: 1,
    ...(deviceId ? { deviceId: { exact: deviceId } } : {}),
  };
}

/**
 * Returns the microphones; their names are "" before one of them was allowed.
 * @returns {Promise<{id: string, name: string}[]>}
 */
export async function microphones() {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices
    .filter((device) => device.kind === "audioinput" && device.deviceId !== "communications")
    .map((device) => ({ id: device.deviceId, name: device.label }));
}

/** @param {MediaStream} stream */
function release(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/** A microphone on the AudioContext of a `BrowserAudio`, which must be started. */
export class BrowserMicrophone {
  #audio;
  #meter = new Meter();
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {AudioNode[]} */
  #nodes = [];
  #asked = 0;

  /** @type {string | null} the device to take; null = the usual one. It counts from `start` on. */
  deviceId = null;

  /** Whether the browser is to take the avatar's own voice out. It counts from `start` on. */
  wantsEchoCancelled = true;

  /** Called when the device goes away, as when it is unplugged. */
  onLost = () => {};

  /** @param {import("./browser_audio.mjs").BrowserAudio} audio */
  constructor(audio) {
    this.#audio = audio;
  }

  /** @type {number} */
  get level() {
    return this.#meter.level;
  }

  /** @type {boolean} */
  get isEchoCancelled() {
    return (this.settings?.echoCancellation ?? true) !== false; // newer browsers tell a mode
  }

  /** What the browser made of what was asked for; null without a microphone. */
  get settings() {
    const [track] = this.#stream?.getAudioTracks() ?? [];
    return track?.getSettings() ?? null;
  }

  /**
   * Asks for the microphone and hands its samples on; one that was open stays open until then.
   * @type {MicrophoneEdge["start"]}
   * @throws {MicrophoneError}
   */
  async start(rateHz, onSamples) {
    this.#asked += 1;
    const asked = this.#asked;
    const stream = await this.#ask();
    if (asked !== this.#asked) {
      release(stream); // stopped, or another one was asked for, while the user made up their mind
      return;
    }
    this.#letGo();
    const { context } = this.#audio;
    const resampler = new Resampler(context.sampleRate, rateHz);
    const clock = new ArrivalClock();
    const source = new MediaStreamAudioSourceNode(context, { mediaStream: stream });
    const node = new AudioWorkletNode(context, "voice-avatar-capture", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data: { samples, endS } }) => {
      if (this.#stream !== stream) return;
      this.#meter.push(samples, context.sampleRate);
      const endMs = clock.at(endS, performance.now()) - resampler.delayMs;
      onSamples(resampler.push(samples), endMs);
    };
    source.connect(node);
    stream.getAudioTracks()[0].addEventListener("ended", () => {
      if (this.#stream !== stream) return;
      this.stop();
      this.onLost();
    });
    this.#stream = stream;
    this.#nodes = [source, node];
  }

  /** Lets the microphone go. */
  stop() {
    this.#asked += 1;
    this.#letGo();
  }

  #letGo() {
    for (const node of this.#nodes) node.disconnect();
    if (this.#stream) release(this.#stream);
    this.#nodes = [];
    this.#stream = null;
  }

  async #ask() {
    if (!navigator.mediaDevices) throw new MicrophoneError("insecure");
    const ask = (/** @type {string | null} */ deviceId) =>
      navigator.mediaDevices.getUserMedia({ audio: constraints(deviceId, this.wantsEchoCancelled) });
    try {
      return await ask(this.deviceId).catch((error) => {
        if (!this.deviceId || PROBLEMS[error.name] !== "missing") throw error;
        return ask(null); // the chosen one is not plugged in any more
      });
    } catch (error) {
      throw new MicrophoneError(PROBLEMS[/** @type {Error} */ (error).name] ?? "failed", error);
    }
  }
}
