// The microphone's level as bars that run to the left.

import { byId } from "./dom.mjs";

const BARS = 44;
const FLOOR_DB = -60;

export class Meter {
  #canvas = byId("meter-bars");
  #brush = this.#canvas.getContext("2d");
  #levels = new Float32Array(BARS);
  #box = byId("meter");
  #hint = byId("meter-hint");
  #lastMs = 0;

  /** @param {number} db of full scale, RMS. @param {number} nowMs @param {boolean} isSpeech */
  level(db, nowMs, isSpeech) {
    if (nowMs - this.#lastMs < 45) return;
    this.#lastMs = nowMs;
    this.#levels.copyWithin(0, 1);
    this.#levels[BARS - 1] = Math.max(0, Math.min(1, 1 - db / FLOOR_DB));
    this.#box.setAttribute("aria-valuenow", String(Math.round(Math.max(FLOOR_DB, Math.min(0, db)))));
    this.#draw(isSpeech);
  }

  #draw(isSpeech) {
    const { width, height } = this.#canvas;
    this.#brush.clearRect(0, 0, width, height);
    this.#brush.fillStyle = isSpeech ? "#8cc4ff" : "#8f96a3";
    const step = width / BARS;
    this.#levels.forEach((level, index) => {
      const tall = Math.max(2, level * height * 0.86);
      this.#brush.globalAlpha = 0.35 + (0.65 * index) / BARS;
      this.#brush.fillRect(index * step + 1, (height - tall) / 2, step - 2, tall);
    });
    this.#brush.globalAlpha = 1;
  }

  /** Says something in the meter's place, "" = nothing. */
  hint(text) {
    this.#hint.textContent = text;
    this.#canvas.style.visibility = text ? "hidden" : "visible";
  }
}
