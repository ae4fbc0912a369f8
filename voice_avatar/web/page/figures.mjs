// Figures for the panel of latencies: of the last turn, and of the line and the pictures.

import { Hud, ms } from "./hud.mjs";

/** Between two looks at the line, ms. */
const LOOK_MS = 500;

export class Figures {
  #client;
  #view;
  #hud = new Hud();
  #lookedMs = 0;
  /** @type {{replyId: number, heardMs: number | null, metrics: any}} */
  #turn = { replyId: 0, heardMs: null, metrics: null };

  /**
   * @param {import("../client/avatar_client.mjs").AvatarClient} client
   * @param {import("./view.mjs").View} view
   */
  constructor(client, view) {
    this.#client = client;
    this.#view = view;
  }

  /** @param {number} replyId @param {number} heardMs from the end of speech to the first sound in this page. */
  heard(replyId, heardMs) {
    this.#of(replyId).heardMs = heardMs;
    this.#show();
  }

  /** @param {any} metrics the message of that name. */
  metrics(metrics) {
    this.#of(metrics.reply_id).metrics = metrics;
    this.#show();
  }

  /** @param {number} replyId */
  #of(replyId) {
    if (replyId !== this.#turn.replyId) this.#turn = { replyId, heardMs: null, metrics: null };
    return this.#turn;
  }

  #show() {
    const { metrics, heardMs } = this.#turn;
    if (metrics) this.#hud.turn(metrics, heardMs);
  }

  /** @param {number} nowMs */
  draw(nowMs) {
    if (nowMs - this.#lookedMs < LOOK_MS) return;
    this.#lookedMs = nowMs;
    const { roundTripMs, bufferedMs, jitterMs, underruns, outputLatencyMs } = this.#client.stats();
    const { fps, pixel_ratio } = this.#view.figures();
    this.#hud.line([
      ["Round trip", ms(roundTripMs)], ["Buffered", ms(bufferedMs)], ["Jitter buffer", ms(jitterMs)], ["Output device", ms(outputLatencyMs)],
      ["Ran empty", String(underruns)], ["Mouth ahead of sound", ms(this.#view.avOffsetMs)], ["Pictures", `${fps.toFixed(0)} /s at ${pixel_ratio.toFixed(2)}`],
    ]);
  }
}
