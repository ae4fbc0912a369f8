// The microphone of a page: permission, device, samples at the rate that the server wants. A shell.

import { Meter } from "./level.mjs";
import { Resampler } from "./resampler.mjs";

/**
 * What a client needs of a microphone; tests have one of their own.
 * @typedef {object} MicrophoneEdge
 * @property {(rateHz: number, onSamples: (samples: Float32Array, nowMs: number) => void) =>
 *   Promise<void>} start
 * @property {() => void} stop
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
 * @returns {MediaTrackConstraints}
 */
export function constraints(deviceId) {
  return {
    echoCancellation: true,
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

/** A microphone on the AudioContext of a `BrowserAudio`, which must be started. */
export class BrowserMicrophone {
  #audio;
  #meter = new Meter();
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {AudioNode[]} */
  #nodes = [];

  /** @type {string | null} the device to take; null = the usual one. It counts from `start` on. */
  deviceId = null;

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
    const [track] = this.#stream?.getAudioTracks() ?? [];
    return (track?.getSettings().echoCancellation ?? true) !== false; // newer browsers tell a mode
  }

  /**
   * Asks for the microphone and hands its samples on.
   * @type {MicrophoneEdge["start"]}
   * @throws {MicrophoneError}
   */
  async start(rateHz, onSamples) {
    this.stop();
    const stream = await this.#ask();
    const { context } = this.#audio;
    const resampler = new Resampler(context.sampleRate, rateHz);
    const source = new MediaStreamAudioSourceNode(context, { mediaStream: stream });
    const node = new AudioWorkletNode(context, "voice-avatar-capture", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data: { samples } }) => {
      this.#meter.push(samples, context.sampleRate);
      onSamples(resampler.push(samples), performance.now());
    };
    source.connect(node);
    stream.getAudioTracks()[0].addEventListener("ended", () => this.onLost());
    this.#stream = stream;
    this.#nodes = [source, node];
  }

  /** Lets the microphone go. */
  stop() {
    for (const node of this.#nodes) node.disconnect();
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#nodes = [];
    this.#stream = null;
  }

  async #ask() {
    if (!navigator.mediaDevices) throw new MicrophoneError("insecure");
    try {
      return await navigator.mediaDevices.getUserMedia({ audio: constraints(this.deviceId) });
    } catch (error) {
      throw new MicrophoneError(PROBLEMS[/** @type {Error} */ (error).name] ?? "failed", error);
    }
  }
}
