// The head at a time, from `head` messages. Pure. PROTOCOL.md, section 11.

import { clamp, share, smooth } from "./timing.mjs";
import { RETRACT_MS } from "./gestures.mjs";

/**
 * @typedef {object} Head
 * @property {string} lexeme nod, shake, tilt, toss or lower.
 * @property {number} amount 0..1.
 * @property {number} repeats >= 1.
 * @property {number} start_ms
 * @property {number} stroke_ms its first peak.
 * @property {number} end_ms
 * @property {string} [side] where it goes first: "left" or "right".
 *
 * A turn of the head from its rest; each -1..1 of the rig's largest turn. Down, to the avatar's right
 * and towards its right shoulder are positive.
 * @typedef {{pitch: number, yaw: number, roll: number}} HeadPose
 */

/** How much smaller the last repeat is than the first: nods die away. */
const DYING = 0.6;

/** A toss goes up and a little to the side. */
const TOSS_ROLL = 0.3;

/** Up to the stroke and back, softly.
 * @param {Head} head
 * @param {number} tMs
 */
function hump(head, tMs) {
  const rise = smooth(share(tMs, head.start_ms, head.stroke_ms));
  return rise * (1 - smooth(share(tMs, head.stroke_ms, head.end_ms)));
}

/** As many times there and back as `repeats` says; the first peak is at the stroke.
 * @param {Head} head
 * @param {number} tMs
 * @param {boolean} bothWays to one side, then to the other.
 */
function swing(head, tMs, bothWays) {
  const { start_ms, stroke_ms, end_ms } = head;
  const repeats = Math.max(1, head.repeats);
  if (repeats === 1 && !bothWays) return hump(head, tMs);
  // Until the first peak time is stretched so that the peak is at the stroke, then it runs evenly.
  const peak = bothWays ? 0.25 : 0.5;
  const cycles =
    tMs < stroke_ms
      ? peak * share(tMs, start_ms, stroke_ms)
      : peak + (repeats - peak) * share(tMs, stroke_ms, end_ms);
  const angle = 2 * Math.PI * cycles;
  const fade = 1 - (DYING * Math.max(0, cycles - peak)) / repeats;
  return fade * (bothWays ? Math.sin(angle) : (1 - Math.cos(angle)) / 2);
}

/**
 * Returns the turn that one movement makes.
 * @param {Head} head
 * @param {number} tMs
 * @returns {HeadPose}
 */
export function headAt(head, tMs) {
  const pose = { pitch: 0, yaw: 0, roll: 0 };
  if (tMs <= head.start_ms || tMs >= head.end_ms) return pose;
  const side = head.side === "left" ? -1 : 1;
  switch (head.lexeme) {
    case "nod":
      pose.pitch = head.amount * swing(head, tMs, false);
      break;
    case "shake":
      pose.yaw = side * head.amount * swing(head, tMs, true);
      break;
    case "tilt":
      pose.roll = side * head.amount * hump(head, tMs);
      break;
    case "toss":
      pose.pitch = -head.amount * hump(head, tMs);
      pose.roll = side * TOSS_ROLL * head.amount * hump(head, tMs);
      break;
    case "lower":
      pose.pitch = head.amount * hump(head, tMs);
      break;
    default: // a name to come: nothing is shown
  }
  return pose;
}

/**
 * Returns the sum of some poses, each part cut to -1..1.
 * @param {HeadPose[]} poses
 * @returns {HeadPose}
 */
export function sumOf(poses) {
  const sum = { pitch: 0, yaw: 0, roll: 0 };
  for (const { pitch, yaw, roll } of poses) {
    sum.pitch += pitch;
    sum.yaw += yaw;
    sum.roll += roll;
  }
  return {
    pitch: clamp(sum.pitch, -1, 1),
    yaw: clamp(sum.yaw, -1, 1),
    roll: clamp(sum.roll, -1, 1),
  };
}

/** The head movements of one reply. */
export class HeadTrack {
  /** @type {Head[]} */
  #heads = [];
  /** @type {number | null} */
  #cutMs = null;

  /** @param {Head} head */
  add(head) {
    this.#heads.push(head);
  }

  /**
   * The reply was interrupted when `tMs` of it was heard.
   * @param {number} tMs
   */
  cut(tMs) {
    this.#cutMs = tMs;
  }

  /**
   * @param {number} tMs the time that is heard; after a cut it goes on from the cut.
   * @returns {HeadPose}
   */
  at(tMs) {
    const cutMs = this.#cutMs;
    if (cutMs === null || tMs <= cutMs) return sumOf(this.#heads.map((head) => headAt(head, tMs)));
    const left = this.#heads.map((head) => {
      const back = 1 - smooth(share(tMs, cutMs, Math.min(head.end_ms, cutMs + RETRACT_MS)));
      const { pitch, yaw, roll } = headAt(head, cutMs);
      return { pitch: back * pitch, yaw: back * yaw, roll: back * roll };
    });
    return sumOf(left);
  }
}
