// The mouth over the last seconds, and every movement as it comes.

import { OVR15 } from "../client/acting/sets.mjs";
import { brushOf, byId, make } from "./dom.mjs";

const SPAN_MS = 3000;
const MOST_LINES = 60;

export class Debug {
  #box = byId("debug");
  #strip = byId("viseme-strip", HTMLCanvasElement);
  #brush = brushOf(this.#strip);
  #log = byId("gesture-log");
  #name = byId("mouth-name");
  /** @type {{nowMs: number, mouth: Record<string, number>}[]} */
  #shown = [];

  /** @param {Record<string, number>} mouth weights by viseme. @param {number} nowMs */
  mouth(mouth, nowMs) {
    this.#shown.push({ nowMs, mouth });
    while (this.#shown.length && this.#shown[0].nowMs < nowMs - SPAN_MS) this.#shown.shift();
    if (this.#box.hidden) return;
    const [names, bars] = [this.#box, this.#name].map((element) => getComputedStyle(element).color);
    const { width, height } = this.#strip;
    const row = height / OVR15.length;
    this.#brush.clearRect(0, 0, width, height);
    this.#brush.font = "8px system-ui, sans-serif";
    OVR15.forEach((name, index) => {
      this.#brush.globalAlpha = 0.75;
      this.#brush.fillStyle = names;
      this.#brush.fillText(name, 2, (index + 0.9) * row);
    });
    this.#brush.fillStyle = bars;
    for (const { nowMs: at, mouth: weights } of this.#shown) {
      const x = 24 + (width - 24) * (1 - (nowMs - at) / SPAN_MS);
      for (const [name, weight] of Object.entries(weights)) {
        this.#brush.globalAlpha = Math.min(1, 0.12 + weight);
        this.#brush.fillRect(x, OVR15.indexOf(name) * row + row * (1 - weight) * 0.5, 2.4, Math.max(0.8, row * weight));
      }
    }
    this.#brush.globalAlpha = 1;
    const most = Object.entries(mouth).sort((a, b) => b[1] - a[1])[0];
    this.#name.textContent = most && most[1] > 0.02 ? `${most[0]} ${most[1].toFixed(2)}` : "rest";
  }

  /** A cue of the server came: `gesture`, `head`, `gaze`, `face` or `body`. @param {any} message */
  cue(message) {
    const what = message.lexeme ?? message.expression ?? message.target;
    const at = message.stroke_ms ?? message.t_ms ?? message.start_ms;
    const line = make("li", {}, make("span", {}, message.type === "body" ? message.kind : message.type), make("b", {}, what), make("span", {}, `${at === undefined ? "now" : `${(at / 1000).toFixed(2)} s`} · ${message.source}`));
    this.#log.prepend(line);
    while (this.#log.childElementCount > MOST_LINES) this.#log.lastElementChild?.remove();
  }
}
