// What a face and a body show at a time, from what the client knows: the same for the 3D and the flat avatar.

import { ARKIT52, OVR15 } from "../client/acting/sets.mjs";
import { expressionShapes } from "./face.mjs";
import { approach, Eyes, LOOKS, sway } from "./idle.mjs";

/** Largest turns of a head, degrees. */
const HEAD = { pitch: 14, yaw: 20, roll: 13 };

/**
 * @typedef {object} Pose
 * @property {Object<string, number>} mouth weights of the visemes, by name.
 * @property {Map<string, number>} arkit weights of ARKit's shapes, without the mouth of speech.
 * @property {Map<string, number>} expressions
 * @property {{yaw: number, pitch: number}} eyes degrees, to the avatar's left and up.
 * @property {{yaw: number, pitch: number, roll: number}} head degrees: to its left, down, to its left shoulder.
 * @property {{pose: object, atMs: number}[]} gestures
 * @property {string | null} posture
 * @property {number} postureWeight
 * @property {number} breath 0 = out, 1 = in.
 * @property {number} weight -1 = on the left leg, 1 = on the right.
 */

export class Actor {
  #eyes = new Eyes();
  #head = { yaw: 0, pitch: 0 };
  #lastS = 0;

  /**
   * @param {object} sample of the client, or null without a session.
   * @param {number} nowS
   * @param {{yaw: number, pitch: number} | null} user where the user is, degrees, as in VR; null = before the avatar.
   * @param {boolean} isCalm whether the user wants less motion.
   * @returns {Pose}
   */
  at(sample, nowS, user, isCalm) {
    const dtS = Math.min(0.1, Math.max(0, nowS - this.#lastS));
    this.#lastS = nowS;
    const mouth = namedMouth(sample.mouth);
    const look = this.#look(sample, user);
    const eyesInHead = { yaw: look.yaw - this.#head.yaw, pitch: look.pitch + this.#head.pitch };
    const eyes = this.#eyes.at(nowS, dtS, { yaw: cut(eyesInHead.yaw, 32), pitch: cut(eyesInHead.pitch, 24) });
    this.#head.yaw = approach(this.#head.yaw, look.yaw * look.head, dtS, 0.12);
    this.#head.pitch = approach(this.#head.pitch, -look.pitch * look.head, dtS, 0.12);
    const own = isCalm ? { yaw: 0, pitch: 0, roll: 0 } : sway(nowS, sample.energy ?? 0.5);
    const { head } = sample;
    const arkit = sample.arkit ? denseUpper(sample.arkit) : expressionShapes(sample.expressions, mouth);
    const lids = Math.max(sample.idle.blink, eyes.jump > 22 ? 0.6 : 0);
    for (const side of ["Left", "Right"]) arkit.set(`eyeBlink${side}`, Math.max(arkit.get(`eyeBlink${side}`) ?? 0, lids));
    return {
      mouth, arkit, eyes, expressions: sample.expressions,
      head: {
        yaw: this.#head.yaw + own.yaw - head.yaw * HEAD.yaw,
        pitch: this.#head.pitch + own.pitch + head.pitch * HEAD.pitch,
        roll: own.roll - head.roll * HEAD.roll,
      },
      gestures: sample.gestures,
      posture: sample.posture?.lexeme ?? null,
      postureWeight: sample.posture?.weight ?? 0,
      breath: sample.idle.breath,
      weight: isCalm ? 0 : sample.idle.weight,
    };
  }

  #look(sample, user) {
    const at = user ?? LOOKS.user;
    const own = LOOKS[sample.gaze.target];
    if (own && sample.gaze.target !== "user") return { ...own, head: sample.gaze.head };
    const { yaw, pitch } = sample.idle.glance;
    return { yaw: at.yaw + yaw * 14, pitch: at.pitch + pitch * 8, head: user ? 0.6 : 0.2 };
  }
}

const cut = (value, most) => Math.max(-most, Math.min(most, value));

/** The mouth by names of `ovr15`. Another set can't come: the page asks for that one. */
export function namedMouth({ weights }) {
  /** @type {Record<string, number>} */
  const mouth = {};
  for (const [index, weight] of weights) mouth[OVR15[index]] = weight;
  return mouth;
}

function denseUpper(face) {
  const weights = new Map();
  ARKIT52.forEach((name, index) => {
    if (!/^(jaw|mouth|tongue|eyeLook)/.test(name)) weights.set(name, face[index]);
  });
  return weights;
}

/** What is shown before there is a session: a friendly face that waits. */
export function waiting(idle) {
  return {
    mouth: { weights: new Map() }, arkit: null, expressions: new Map([["smile", 0.6]]), gestures: [], idle,
    head: { yaw: 0, pitch: 0, roll: 0 }, gaze: { target: "user", head: 0 }, posture: null,
  };
}
