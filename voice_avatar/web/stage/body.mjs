// The bones at a time: the idle loop, breathing, and gestures blended over both. Holds clips and no model.

import { amplified, inverse, mirrored, otherBone, readClip, slerp, times, turnAt, warp } from "./clip.mjs";

const STILL = [0, 0, 0, 1];
const ease = (x) => x * x * (3 - 2 * x);

/** Share of the clip `breathing` at which the lungs are full. */
const FULL_BREATH = 0.42;

/** The clips of the server, read when they are first wanted. */
export class Clips {
  #entries = new Map();
  #read = new Map();

  /** Reads the index; without one there are no clips, and the body only stands. */
  async open(address = "v1/gestures") {
    const base = new URL(address, document.baseURI);
    const answer = await fetch(base);
    if (!answer.ok) throw new Error(`${answer.status} at ${address}`);
    for (const entry of (await answer.json()).clips) {
      this.#entries.set(`${entry.group}/${entry.lexeme}`, { ...entry, url: new URL(entry.url, base) });
    }
    await Promise.all(["idle", "breathing"].map((name) => this.load("posture", name)));
  }

  /** Fetches all gestures, one after the other, so that none has to be waited for. */
  async loadAll() {
    for (const { group, lexeme } of this.#entries.values()) await this.load(group, lexeme);
  }

  async load(group, lexeme) {
    const entry = this.#entries.get(`${group}/${lexeme}`);
    if (!entry || this.#read.has(entry)) return;
    this.#read.set(entry, null);
    const answer = await fetch(entry.url);
    if (answer.ok) this.#read.set(entry, readClip(await answer.arrayBuffer()));
    else this.#read.delete(entry);
  }

  /** @returns {{clip: import("./clip.mjs").Clip, sync: object, mode: string, amplitude_floor: number} | null} */
  get(group, lexeme) {
    const entry = this.#entries.get(`${group}/${lexeme}`);
    const clip = entry && this.#read.get(entry);
    if (clip) return { ...entry, clip };
    if (entry) void this.load(group, lexeme);
    return null;
  }
}

/**
 * The rotation of every bone that moves.
 *
 * @param {Clips} clips
 * @param {number} nowS
 * @param {{posture: string | null, postureWeight: number, gestures: {pose: object, atMs: number}[], breath: number}} acts
 *   `gestures`: as the client gives them, with the time of each on its own clock.
 * @returns {Map<string, number[]>} VRM bone to x, y, z, w, relative to its T-pose.
 */
export function bodyAt(clips, nowS, { posture, postureWeight, gestures, breath }) {
  const turns = new Map();
  const idle = clips.get("posture", "idle");
  if (idle) for (const [bone, track] of idle.clip.bones) turns.set(bone, turnAt(track, nowS % idle.clip.length_s));
  const taken = posture && clips.get("posture", posture);
  if (taken) {
    const at = heldAt(taken, nowS);
    for (const [bone, track] of taken.clip.bones) {
      turns.set(bone, slerp(turns.get(bone) ?? STILL, turnAt(track, at), ease(postureWeight)));
    }
  }
  for (const { pose, atMs } of gestures) addGesture(turns, clips, pose, atMs);
  const breathing = clips.get("posture", "breathing");
  if (breathing) {
    for (const [bone, track] of breathing.clip.bones) {
      const own = times(inverse(turnAt(track, 0)), turnAt(track, breath * FULL_BREATH * breathing.clip.length_s));
      turns.set(bone, times(turns.get(bone) ?? STILL, own));
    }
  }
  return turns;
}

/** The time within a posture's clip: its middle, to and fro, while it is held. */
function heldAt({ sync, clip }, nowS) {
  const from = (sync.ready_ms ?? 0) / 1000;
  const to = (sync.relax_ms ?? clip.length_s * 1000) / 1000;
  const length = Math.max(0.01, to - from);
  const phase = (nowS % (2 * length)) / length;
  return from + length * (phase < 1 ? phase : 2 - phase);
}

function addGesture(turns, clips, pose, atMs) {
  const { gesture, shown } = pose;
  const found = clips.get("gesture", gesture.lexeme);
  if (!found) return;
  // What an interruption cut stays where it was, and only its weight goes away.
  const cueMs = shown === gesture ? atMs : Math.min(atMs, shown.end_ms - 300);
  const clipS = warp(found.sync, gesture, cueMs) / 1000;
  const isMirrored = found.mode !== "both" && gesture.mode !== "both" && found.mode !== gesture.mode;
  for (const [bone, track] of found.clip.bones) {
    const full = amplified(bone, turnAt(track, 0), turnAt(track, clipS), found.amplitude_floor, gesture.amplitude);
    const name = isMirrored ? otherBone(bone) : bone;
    const turn = isMirrored ? mirrored(full) : full;
    turns.set(name, slerp(turns.get(name) ?? STILL, turn, ease(pose.weight)));
  }
}

/** Degrees that the body goes along with the head and with the leg that carries it. */
const ALONG = { upperChest: 0.13, chest: 0.09 };
const SHOULDER = { breath: 1.1, head: 0.12 };

/**
 * How far bones turn beyond the clips, degrees about x, y and z: nobody turns a head alone or stands on both legs alike.
 *
 * @param {{head: {yaw: number, pitch: number, roll: number}, breath: number, weight: number}} pose
 * @returns {[string, number, number, number][]}
 */
export function carriedAlong({ head, breath, weight }) {
  const lift = SHOULDER.breath * (breath - 0.5);
  const lean = SHOULDER.head * head.roll;
  return [
    ["spine", 0, 0.6 * weight, -1.7 * weight],
    ["chest", 0, ALONG.chest * head.yaw, 1.1 * weight - 0.05 * head.roll],
    ["upperChest", 0.06 * head.pitch, ALONG.upperChest * head.yaw - 0.5 * weight, 0.9 * weight],
    ["leftShoulder", 0, 0, lift + lean],
    ["rightShoulder", 0, 0, -lift + lean],
    ["neck", head.pitch * 0.4, head.yaw * 0.33, -head.roll * 0.4 - 0.3 * weight],
    ["head", head.pitch * 0.54, head.yaw * 0.45, -head.roll * 0.55],
  ];
}
