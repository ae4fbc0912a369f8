// Sound device, microphone and network for the client library in node: no sound, but real time.

import net from "node:net";
import { PlayoutCore } from "../../voice_avatar/web/client/audio/playout_core.mjs";

const DEVICE_HZ = 48000;
const BLOCK_MS = 5;
const LATENCY_MS = 12;

/** A loudspeaker that plays into the void, in real time, and remembers how loud it was. */
export class VoidSpeaker {
  #core = new PlayoutCore(DEVICE_HZ);
  #renderedS = 0;
  #timer;
  #onView;
  /** Seconds of sound that came out. */
  soundS = 0;

  async start(onView) {
    this.#onView = onView;
    this.#renderedS = performance.now() / 1000;
    this.#timer = setInterval(() => this.#run(), BLOCK_MS);
  }

  order(order) {
    if (order.do === "begin") this.#core.begin(order.replyId, order.rateHz);
    else if (order.do === "audio") this.#core.audio(order.pts, order.samples);
    else if (order.do === "endsAt") this.#core.endsAt(order.samples);
    else this.#core[order.do]();
  }

  heardTimeS(nowMs) {
    return (nowMs - LATENCY_MS) / 1000;
  }

  latencyMs() {
    return LATENCY_MS;
  }

  async stop() {
    clearInterval(this.#timer);
  }

  #run() {
    const nowS = performance.now() / 1000;
    while (this.#renderedS < nowS) {
      this.#onView({ ...this.#core.view, timeS: this.#renderedS });
      const block = new Float32Array((DEVICE_HZ * BLOCK_MS) / 1000);
      this.#core.render(block);
      this.#renderedS += BLOCK_MS / 1000;
      if (block.some((sample) => Math.abs(sample) > 0.003)) {
        this.soundS += BLOCK_MS / 1000;
      }
    }
  }
}

/** A microphone in a silent room, in which `speak` is heard as a tone. */
export class ToneMicrophone {
  #timer;
  #untilMs = -Infinity;
  isEchoCancelled = true;
  level = 0;

  async start(rateHz, onSamples) {
    let sent = performance.now();
    let phase = 0;
    this.#timer = setInterval(() => {
      while (sent < performance.now()) {
        const isLoud = sent < this.#untilMs;
        const block = Float32Array.from({ length: rateHz / 50 }, () => {
          phase += (2 * Math.PI * 300) / rateHz;
          return isLoud ? 0.3 * Math.sin(phase) : 0;
        });
        this.level = isLoud ? 0.2 : 0;
        sent += 20;
        onSamples(block, sent);
      }
    }, 20);
  }

  speak(ms) {
    this.#untilMs = performance.now() + ms;
  }

  stop() {
    clearInterval(this.#timer);
  }
}

/** A network that can be cut: a relay on loopback in front of a server. */
export class Wire {
  #pairs = new Set();
  #server;

  static async to(port) {
    const wire = new Wire();
    wire.#server = net.createServer((near) => {
      const far = net.connect(port, "127.0.0.1");
      const pair = [near, far];
      wire.#pairs.add(pair);
      near.pipe(far);
      far.pipe(near);
      for (const end of pair) {
        end.on("error", () => {});
        end.on("close", () => {
          for (const one of pair) one.destroy();
          wire.#pairs.delete(pair);
        });
      }
    });
    await new Promise((listening) => wire.#server.listen(0, "127.0.0.1", listening));
    return wire;
  }

  get port() {
    return this.#server.address().port;
  }

  /** Drops every connection without a word. */
  cut() {
    for (const pair of this.#pairs) for (const end of pair) end.destroy();
  }

  close() {
    this.cut();
    this.#server.close();
  }
}

/** Resolves with the detail of an event that passes `isIt`. */
export function event(client, type, isIt = () => true, withinMs = 60000) {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      client.removeEventListener(type, see);
      reject(new Error(`no ${type} within ${withinMs} ms`));
    };
    const timer = setTimeout(giveUp, withinMs);
    const see = ({ detail }) => {
      if (!isIt(detail)) return;
      clearTimeout(timer);
      client.removeEventListener(type, see);
      resolve(detail);
    };
    client.addEventListener(type, see);
  });
}

export const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));
