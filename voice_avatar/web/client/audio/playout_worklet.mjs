// The worklet that plays replies: `PlayoutCore` on the sound thread. Messages in: `PlayoutOrder`;
// out: a `View` with the time of its block, about every 20 ms and on every change.

import { PlayoutCore } from "./playout_core.mjs";

const QUANTA_BETWEEN_VIEWS = 8; // of 128 samples: 21 ms at 48 kHz

class PlayoutProcessor extends AudioWorkletProcessor {
  #core = new PlayoutCore(sampleRate);
  #quanta = 0;
  #isChanged = false;
  /** @type {string | null} */
  #state = null;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => this.#take(data);
  }

  /** @param {import("./browser_audio.mjs").PlayoutOrder} order */
  #take(order) {
    switch (order.do) {
      case "begin":
        this.#core.begin(order.replyId, order.rateHz);
        break;
      case "audio":
        this.#core.audio(order.pts, order.samples);
        break;
      case "endsAt":
        this.#core.endsAt(order.samples);
        break;
      case "pause":
        this.#core.pause();
        break;
      case "resume":
        this.#core.resume();
        break;
      case "flush":
        this.#core.flush();
        break;
      default:
    }
    this.#isChanged ||= order.do !== "audio";
  }

  /**
   * @param {Float32Array[][]} _inputs
   * @param {Float32Array[][]} outputs
   */
  process(_inputs, [channels]) {
    this.#tell(currentTime); // how it stood before this block
    this.#core.render(channels[0]);
    for (const channel of channels.slice(1)) channel.set(channels[0]);
    return true;
  }

  /** @param {number} timeS */
  #tell(timeS) {
    const { view } = this.#core;
    this.#quanta += 1;
    const isNews = this.#isChanged || view.state !== this.#state;
    if (!isNews && !(view.isMoving && this.#quanta >= QUANTA_BETWEEN_VIEWS)) return;
    this.port.postMessage({ ...view, timeS });
    this.#quanta = 0;
    this.#isChanged = false;
    this.#state = view.state;
  }
}

registerProcessor("voice-avatar-playout", PlayoutProcessor);
