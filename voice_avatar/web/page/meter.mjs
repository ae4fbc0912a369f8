// The microphone's level as bars that run to the left.

import { brushOf, byId } from "./dom.mjs";

const BARS = 44;
const FLOOR_DB = -60;
/** Between two bars, ms. */
const BAR_MS = 45;

export class Meter {
  #canvas = byId("meter-bars", HTMLCanvasElement);
  #brush = brushOf(this.#canvas);
  #levels = new Float32Array(BARS);
  #box = byId("meter");
  #hint = byId("meter-hint");
  #lastMs = 0;

  /** @param {number} level root mean square, 0..1. @param {number} nowMs @param {boolean} isSpeech */
  level(level, nowMs, isSpeech) {
    if (nowMs - this.#lastMs < BAR_MS) return;
    this.#lastMs = nowMs;
    const db = Math.max(FLOOR_DB, Math.min(0, level > 0 ? 20 * Math.log10(level) : FLOOR_DB));
    this.#levels.copyWithin(0, 1);
    this.#levels[BARS - 1] = 1 - db / FLOOR_DB;
    this.#box.setAttribute("aria-valuenow", String(Math.round(db)));
    this.#draw(isSpeech);
  }

  /** @param {boolean} isSpeech */
  #draw(isSpeech) {
    const { width, height } = this.#canvas;
    this.#box.classList.toggle("speech", isSpeech);
    this.#brush.clearRect(0, 0, width, height);
    this.#brush.fillStyle = getComputedStyle(this.#canvas).color;
    const step = width / BARS;
    this.#levels.forEach((level, index) => {
      const tall = Math.max(2, level * height * 0.86);
      this.#brush.globalAlpha = 0.35 + (0.65 * index) / BARS;
      this.#brush.fillRect(index * step + 1, (height - tall) / 2, step - 2, tall);
    });
    this.#brush.globalAlpha = 1;
  }

  /** Says something in the meter's place, "" = nothing. @param {string} text */
  hint(text) {
    if (this.#hint.textContent === text) return;
    this.#hint.textContent = text;
    this.#canvas.style.visibility = text ? "hidden" : "visible";
  }
}
