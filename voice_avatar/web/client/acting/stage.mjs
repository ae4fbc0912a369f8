// Everything that the avatar shows at a time: reply, body and idle life together. Pure: time, chance
// and what is heard come in.

import { BodyTrack } from "./body.mjs";
import { overRest } from "./expressions.mjs";
import { sumOf } from "./head.mjs";
import { IdleLife, USUAL } from "./idle.mjs";
import { ReplyActing } from "./reply_acting.mjs";
import { share } from "./timing.mjs";

/**
 * One frame of everything that a renderer needs.
 * @typedef {object} Shown
 * @property {number} nowMs
 * @property {string} state of the conversation: idle, listening, thinking, speaking or interrupted.
 * @property {number | null} replyMs time of the reply that is shown; null = none.
 * @property {boolean} isSpeaking whether sound of a reply is heard now.
 * @property {import("./reply_acting.mjs").MouthShape} mouth
 * @property {Float32Array | null} arkit the whole face, 52 ARKit weights 0..1; null = show `mouth`,
 *   `expressions` and `gaze`. Only with `faceHz`.
 * @property {Map<string, number>} expressions name -> weight 0..1; mouth shapes of them SHOULD be
 *   scaled by 0.4 while `isSpeaking`.
 * @property {import("./head.mjs").HeadPose} head
 * @property {import("./gaze.mjs").Look} gaze
 * @property {import("./gestures.mjs").GesturePose[]} gestures
 * @property {import("./body.mjs").Posture} posture
 * @property {import("./idle.mjs").Idle} idle
 * @property {import("./captions.mjs").Caption | null} captions of the newest reply; null = none yet.
 */

/** Over so long an expression goes when the next reply begins, ms. */
const FADE_MS = 400;
/** So long movements of the reply before are still shown. */
const LINGER_MS = 1000;
/** How much of the expression at rest is shown: it tints the face, and leaves room. */
const REST_AMOUNT = 0.35;

/** @type {import("./reply_acting.mjs").MouthShape} */
const SHUT = Object.freeze({ set: "ovr15", weights: new Map(), source: "rest" });

/** One reply on the client's clock. */
class Act {
  /** @type {{tMs: number, nowMs: number} | null} where its own clock ended. */
  #end = null;
  #isCut = false;

  /** @param {ReplyActing} acting */
  constructor(acting) {
    this.acting = acting;
    /** @type {number | null} samples of all of it, as time. */
    this.lengthMs = null;
    /** When its last sample was heard, on the client's clock. */
    this.finishedMs = Infinity;
  }

  /**
   * @param {number | null} heardMs
   * @param {number} nowMs
   */
  cut(heardMs, nowMs) {
    if (this.#end === null) this.#end = { tMs: Math.max(0, heardMs ?? 0), nowMs };
    if (!this.#isCut) this.acting.cut(this.#end.tMs);
    this.#isCut = true;
  }

  /** Returns the time of the reply, which goes on after its end; null before it is heard.
   * @param {number | null} heardMs
   * @param {number} nowMs
   */
  timeAt(heardMs, nowMs) {
    const length = this.lengthMs;
    if (this.#end === null && length !== null && heardMs !== null && heardMs >= length) {
      this.#end = { tMs: length, nowMs: Math.min(nowMs, this.finishedMs) };
      this.acting.played(length);
    }
    if (this.#end !== null) return this.#end.tMs + Math.max(0, nowMs - this.#end.nowMs);
    return heardMs !== null && heardMs >= 0 ? heardMs : null;
  }

  /** Whether its sound is over. */
  get isOver() {
    return this.#end !== null;
  }
}

/** The avatar on its stage. */
export class Stage {
  #chance;
  #idle;
  #body = new BodyTrack();
  /** @type {Readonly<import("./idle.mjs").Autonomic>} */
  #figures = USUAL;
  #set = "ovr15";
  #state = "idle";
  /** @type {Act | null} */
  #act = null;
  /** @type {{act: Act, nowMs: number} | null} the reply before, and when the next one began. */
  #before = null;
  #nowMs = 0;

  /** @param {() => number} chance 0..1, evenly. */
  constructor(chance) {
    this.#chance = chance;
    this.#idle = new IdleLife(null, chance);
  }

  /**
   * A session begins.
   * @param {{autonomic: import("./idle.mjs").Autonomic | null, settings: {viseme_set: string}}} ready
   */
  open({ autonomic, settings }) {
    this.#figures = autonomic ?? USUAL;
    this.#idle = new IdleLife(this.#figures, this.#chance);
    this.#body = new BodyTrack();
    this.#act = null;
    this.#before = null;
    this.#state = "idle";
    this.#set = settings.viseme_set;
  }

  /** @param {{viseme_set: string}} settings that are in force now. */
  settings({ viseme_set }) {
    this.#set = viseme_set;
  }

  /**
   * @param {string} state of the conversation.
   * @param {number} nowMs
   */
  state(state, nowMs) {
    if (state !== this.#state) this.#body.stateChanged(nowMs);
    this.#state = state;
  }

  /**
   * @param {import("./body.mjs").BodyMessage} message
   * @param {number} nowMs
   */
  body(message, nowMs) {
    this.#body.add(message, nowMs);
  }

  /**
   * A reply begins.
   * @param {number} rateHz of its clock.
   * @param {number} nowMs
   */
  begin(rateHz, nowMs) {
    const before = this.#act;
    if (before && !before.isOver) before.cut(before.timeAt(0, nowMs), nowMs);
    this.#before = before ? { act: before, nowMs } : null;
    const faceBefore = () => {
      if (!before) return null;
      const tMs = before.timeAt(null, this.#nowMs);
      return tMs === null ? null : before.acting.faceAt(tMs);
    };
    this.#act = new Act(new ReplyActing(rateHz, this.#set, faceBefore));
  }

  /** The newest reply's drivers; null before the first. */
  get acting() {
    return this.#act?.acting ?? null;
  }

  /** @param {number} ms length of the newest reply. */
  lasts(ms) {
    if (this.#act) this.#act.lengthMs = ms;
  }

  /** @param {number} nowMs when the last sample of the newest reply is heard. */
  finished(nowMs) {
    if (this.#act) this.#act.finishedMs = nowMs;
  }

  /**
   * The newest reply is interrupted.
   * @param {number | null} heardMs what was heard of it; null = nothing.
   * @param {number} nowMs
   */
  cut(heardMs, nowMs) {
    this.#act?.cut(heardMs, nowMs);
  }

  /**
   * Returns everything that is shown.
   * @param {number} nowMs the client's clock; goes forward from call to call.
   * @param {number | null} heardMs time of the newest reply that is heard; null before it begins.
   * @param {boolean} isMoving whether the loudspeaker plays.
   * @returns {Shown}
   */
  at(nowMs, heardMs, isMoving) {
    this.#nowMs = nowMs;
    const replyMs = this.#act?.timeAt(heardMs, nowMs) ?? null;
    const reply = this.#act && replyMs !== null ? this.#act.acting.at(replyMs) : null;
    const before = this.#left(nowMs);
    const body = this.#body.at(nowMs);
    const idle = this.#idle.at(nowMs, this.#state);
    const isOver = this.#act?.isOver ?? true;
    return {
      nowMs,
      state: this.#state,
      replyMs,
      isSpeaking: isMoving && replyMs !== null && !isOver,
      mouth: reply?.mouth ?? before?.mouth ?? { ...SHUT, set: this.#set },
      arkit: reply?.arkit ?? before?.arkit ?? null,
      expressions: this.#faceOf(reply, before, body, nowMs),
      head: sumOf([body.head, ...[reply, before].flatMap((one) => (one ? [one.head] : []))]),
      gaze: this.#lookOf(isOver ? null : reply, body.look),
      gestures: [...(before?.gestures ?? []), ...(reply?.gestures ?? []), ...body.gestures],
      posture: body.posture,
      idle: { ...idle, blink: reply?.arkit ? 0 : idle.blink },
      captions: this.#act?.acting.captions.at(replyMs ?? -1) ?? null,
    };
  }

  /** What is left of the reply before.
   * @param {number} nowMs
   */
  #left(nowMs) {
    if (!this.#before || nowMs - this.#before.nowMs > LINGER_MS) {
      this.#before = null;
      return null;
    }
    const { act } = this.#before;
    const tMs = act.timeAt(null, nowMs);
    return tMs === null ? null : act.acting.at(tMs);
  }

  /**
   * @param {{expressions: Map<string, number>} | null} reply
   * @param {{expressions: Map<string, number>} | null} before
   * @param {{expressions: Map<string, number>}} body
   * @param {number} nowMs
   */
  #faceOf(reply, before, body, nowMs) {
    const weights = new Map(body.expressions);
    const merge = (/** @type {Map<string, number>} */ more, /** @type {number} */ part) => {
      for (const [name, weight] of more) {
        weights.set(name, Math.max(part * weight, weights.get(name) ?? 0));
      }
    };
    if (before && this.#before) {
      const begun = this.#before.nowMs;
      merge(before.expressions, 1 - share(nowMs, begun, begun + FADE_MS));
    }
    if (reply) merge(reply.expressions, 1);
    for (const [name, weight] of weights) if (weight <= 0) weights.delete(name);
    return overRest(weights, this.#figures.expression, REST_AMOUNT);
  }

  /**
   * @param {{gaze: import("./gaze.mjs").Look} | null} reply
   * @param {import("./gaze.mjs").Look | null} look of the body.
   * @returns {import("./gaze.mjs").Look}
   */
  #lookOf(reply, look) {
    if (reply && reply.gaze.target !== "user") return reply.gaze;
    return look ?? reply?.gaze ?? { target: "user", head: 0 };
  }
}
