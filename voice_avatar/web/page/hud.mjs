// The latency of the last turn, and figures of the line.

import { byId, make, makeSvg } from "./dom.mjs";
import { waterfall } from "./waterfall.mjs";

/** @param {number | null | undefined} value */
const ms = (value) => (value === null || value === undefined || Number.isNaN(value) ? "–" : `${Math.round(value)} ms`);

export class Hud {
  #box = byId("hud");
  /** @type {{metrics: any, heardMs: number | null} | null} */
  #turn = null;
  #pairs = make("dl", { class: "pairs" });
  #body = make("div");

  constructor() {
    this.#box.append(this.#body, make("h2", {}, "Line"), this.#pairs);
    this.#drawTurn();
  }

  /**
   * A reply's stages have come.
   *
   * @param {any} metrics
   * @param {number | null} heardMs voice to voice: end of speech to first sound, in this page.
   */
  turn(metrics, heardMs) {
    this.#turn = { metrics, heardMs };
    this.#drawTurn();
  }

  #drawTurn() {
    if (!this.#turn) {
      this.#body.replaceChildren(make("h2", {}, "Last turn"), make("p", { class: "fine" }, "Say something: the time to the answer will be shown here."));
      return;
    }
    const { metrics, heardMs } = this.#turn;
    const { from, to, bars } = waterfall(metrics, heardMs);
    const big = make("p", { class: "hud-big" }, make("b", { id: "hud-v2v" }, ms(heardMs ?? metrics.sent_ms)), make("span", {}, heardMs === null ? "to the first audio sent" : "from your last word to the first sound"));
    const list = make("dl", { class: "fall" });
    const x = (/** @type {number} */ value) => ((value - from) / (to - from)) * 100;
    for (const bar of bars) {
      const picture = makeSvg("svg", { viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" },
        makeSvg("line", { x1: x(0), x2: x(0), y1: -2, y2: 14, "vector-effect": "non-scaling-stroke" }),
        makeSvg("rect", { x: x(bar.from), width: Math.max(1, x(bar.to) - x(bar.from)), y: 2, height: 8, rx: 1 }));
      list.append(make("dt", {}, bar.name), make("dd", bar.isEarly ? { class: "early" } : {}, picture), make("dd", { class: "ms" }, ms(bar.ms)));
    }
    const early = metrics.is_speculative ? [make("p", { class: "fine" }, "The answer was begun before you had finished.")] : [];
    this.#body.replaceChildren(make("h2", {}, "Last turn"), big, list, ...early);
  }

  /** @param {[string, string][]} pairs */
  line(pairs) {
    if (this.#box.hidden) return;
    this.#pairs.replaceChildren(...pairs.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  }
}

export { ms };
