// The loudspeaker of a page: an AudioContext and the worklet that plays. A shell.

/**
 * What the worklet is told.
 * @typedef {{do: "begin", replyId: number, rateHz: number}
 *   | {do: "audio", pts: number, samples: Float32Array<ArrayBuffer>}
 *   | {do: "endsAt", samples: number}
 *   | {do: "pause" | "resume" | "flush"}} PlayoutOrder
 *
 * A view of the loudspeaker, and when its next sample goes out, on the device's clock.
 * @typedef {import("./playout_core.mjs").View & {timeS: number}} TimedView
 *
 * What a client needs of a loudspeaker; tests have one of their own.
 * @typedef {object} Loudspeaker
 * @property {(onView: (view: TimedView) => void) => Promise<void>} start
 * @property {(order: PlayoutOrder) => void} order
 * @property {(nowMs: number) => number} heardTimeS moment of the device's clock that is heard.
 * @property {() => number} latencyMs delay between counting a sample as played and hearing it.
 * @property {() => Promise<void>} stop
 */

/** Delays that are not believed, s: devices over Bluetooth have up to 0.4. */
const MOST_LATENCY_S = 1;

/** The sound device of a page. Make it once; `start` belongs into a click. */
export class BrowserAudio {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {AudioWorkletNode | null} */
  #node = null;
  /** @type {GainNode | null} */
  #gain = null;
  #volume = 1;
  #isWanted = false;

  /** Called when sound stops though it is wanted, as for a phone call, and when it goes on. */
  onRunning = (/** @type {boolean} */ _isRunning) => {};

  /** @type {AudioContext} once started. */
  get context() {
    if (!this.#context) throw new Error("The sound device is not started.");
    return this.#context;
  }

  /** Loudness of replies, 0..1. */
  get volume() {
    return this.#volume;
  }

  set volume(volume) {
    this.#volume = Math.min(1, Math.max(0, volume));
    if (this.#gain) this.#gain.gain.value = this.#volume;
  }

  /** @type {Loudspeaker["start"]} */
  async start(onView) {
    if (!this.#context) {
      this.#context = new AudioContext({ latencyHint: "interactive" });
      await Promise.all(
        ["./playout_worklet.mjs", "./capture_worklet.mjs"].map((file) =>
          this.context.audioWorklet.addModule(new URL(file, import.meta.url)),
        ),
      );
      this.#gain = new GainNode(this.#context, { gain: this.#volume });
      this.#node = new AudioWorkletNode(this.#context, "voice-avatar-playout", {
        numberOfInputs: 0,
        outputChannelCount: [1],
      });
      this.#node.connect(this.#gain).connect(this.#context.destination);
      this.#watch(this.#context);
    }
    this.#isWanted = true;
    /** @type {AudioWorkletNode} */ (this.#node).port.onmessage = ({ data }) => onView(data);
    await this.#context.resume();
  }

  /** @type {Loudspeaker["order"]} */
  order(order) {
    const moved = order.do === "audio" ? [order.samples.buffer] : [];
    this.#node?.port.postMessage(order, moved);
  }

  /** @type {Loudspeaker["heardTimeS"]} */
  heardTimeS(nowMs) {
    const { context } = this;
    const { contextTime, performanceTime } = context.getOutputTimestamp();
    if (contextTime && performanceTime) {
      const timeS = contextTime + (nowMs - performanceTime) / 1000;
      const latencyS = context.currentTime - timeS;
      if (latencyS >= 0 && latencyS < MOST_LATENCY_S) return timeS;
    }
    return context.currentTime - (context.outputLatency || context.baseLatency || 0);
  }

  /** @type {Loudspeaker["latencyMs"]} */
  latencyMs() {
    const { context } = this;
    const latencyS = context.currentTime - this.heardTimeS(performance.now());
    return Math.max(0, 1000 * latencyS);
  }

  /** @type {Loudspeaker["stop"]} */
  async stop() {
    this.#isWanted = false;
    await this.#context?.suspend();
  }

  /** A system may stop the sound by itself; it goes on when the user comes back or does anything.
   * @param {AudioContext} context
   */
  #watch(context) {
    const wake = () => {
      if (this.#isWanted && context.state !== "running") context.resume().catch(() => {});
    };
    for (const type of ["visibilitychange", "pointerdown", "keydown"]) {
      document.addEventListener(type, wake);
    }
    context.addEventListener("statechange", () => {
      if (!this.#isWanted) return;
      this.onRunning(context.state === "running");
      if (!document.hidden) wake();
    });
  }
}
