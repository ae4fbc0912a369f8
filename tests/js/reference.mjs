// A small client of voice-avatar.v1 in JavaScript, written from PROTOCOL.md for the golden vectors:
// codec, order of frames, mouth, movements, captions, clock, playback and rules of order.

const MAX_TEXT_BYTES = 262144;
const MAX_BINARY_BYTES = 65536;
const MAX_PTS = 2n ** 53n - 1n;
const HEADER_BYTES = 16;

export class Refused extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

// -- text frames: schema/*.json says what is in them

export function decodeText(bytes, schema) {
  let message;
  if (bytes.length > MAX_TEXT_BYTES) throw new Refused("message_too_big");
  try {
    message = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new Refused("bad_json");
  }
  if (!isObject(message) || typeof message.type !== "string") throw new Refused("bad_json");
  const { type } = message;
  const ref = schema.discriminator.mapping[type];
  if (ref === undefined) return { unknown: type, warns: !type.startsWith("x.") };
  const value = read(message, { $ref: ref }, schema);
  const { protocol } = value;
  if (type === "session.hello" && protocol.min > protocol.max) throw new Refused("bad_field");
  return { value };
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function demand(isTrue) {
  if (!isTrue) throw new Refused("bad_field");
}

// Returns the value with defaults filled in and unknown fields left out.
function read(value, rule, schema) {
  if (rule.$ref) return read(value, schema.$defs[rule.$ref.split("/").at(-1)], schema);
  if (rule.anyOf) {
    for (const option of rule.anyOf) {
      try {
        return read(value, option, schema);
      } catch (refused) {
        if (!(refused instanceof Refused)) throw refused;
      }
    }
    throw new Refused("bad_field");
  }
  if (rule.const !== undefined) demand(value === rule.const);
  if (rule.enum) demand(rule.enum.includes(value));
  switch (rule.type) {
    case "object":
      demand(isObject(value));
      return readObject(value, rule, schema);
    case "array":
      demand(Array.isArray(value));
      demand(value.length >= (rule.minItems ?? 0) && value.length <= (rule.maxItems ?? Infinity));
      return value.map((item, at) => read(item, rule.prefixItems?.[at] ?? rule.items, schema));
    case "integer":
    case "number":
      demand(typeof value === "number" && (rule.type === "number" || Number.isInteger(value)));
      demand(value >= (rule.minimum ?? -Infinity) && value <= (rule.maximum ?? Infinity));
      return value;
    case "string": {
      demand(typeof value === "string");
      const count = [...value].length;
      demand(count >= (rule.minLength ?? 0) && count <= (rule.maxLength ?? Infinity));
      demand(!rule.pattern || new RegExp(rule.pattern, "u").test(value));
      return value;
    }
    case "boolean":
      demand(typeof value === "boolean");
      return value;
    case "null":
      demand(value === null);
      return value;
    default:
      return value;
  }
}

function readObject(value, rule, schema) {
  if (!rule.properties) return value; // any object
  const required = new Set(rule.required ?? []);
  const made = {};
  for (const [name, inner] of Object.entries(rule.properties)) {
    if (name in value) made[name] = read(value[name], inner, schema);
    else if ("default" in inner && !required.has(name)) {
      made[name] = read(inner.default, inner, schema);
    } else throw new Refused("bad_field");
  }
  return made;
}

// -- binary frames

export const START = 1;
export const END = 2;
export const CODEC = 8;

export function decodeBinary(bytes, kindExpected) {
  if (bytes.length > MAX_BINARY_BYTES) throw new Refused("message_too_big");
  if (bytes.length < HEADER_BYTES) throw new Refused("bad_frame");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const kind = view.getUint8(0);
  if (kind !== 1 && kind !== 2) return null;
  if (kind !== kindExpected) throw new Refused("bad_frame");
  const flags = view.getUint8(1) & 15;
  const pts = view.getBigUint64(8, true);
  const payload = bytes.subarray(HEADER_BYTES);
  if (pts > MAX_PTS) throw new Refused("bad_frame");
  if (payload.length === 0 && !(flags & END)) throw new Refused("bad_frame");
  if (payload.length % 2 && !(flags & CODEC)) throw new Refused("bad_frame");
  return {
    kind,
    flags,
    stream: view.getUint16(2, true),
    seq: view.getUint32(4, true),
    pts: Number(pts),
    payload,
  };
}

export function decodeFaces(bytes) {
  if (bytes.length < HEADER_BYTES + 4) throw new Refused("bad_frame");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [count, hz] = [view.getUint8(16), view.getUint8(17)];
  const shapes = view.getUint16(18, true);
  if (view.getUint8(0) !== 3 || shapes !== 52 || ![30, 60].includes(hz)) {
    throw new Refused("bad_frame");
  }
  if (bytes.length !== HEADER_BYTES + 4 + count * shapes) throw new Refused("bad_frame");
  const weights = Array.from({ length: count }, (_, k) => [
    ...bytes.subarray(HEADER_BYTES + 4 + k * shapes, HEADER_BYTES + 4 + (k + 1) * shapes),
  ]);
  return {
    flags: view.getUint8(1) & 15,
    stream: view.getUint16(2, true),
    seq: view.getUint32(4, true),
    pts: Number(view.getBigUint64(8, true)),
    hz,
    weights,
  };
}

export class FrameOrder {
  #stream = null;
  #next = 0;

  arrived({ stream, seq, flags }) {
    if (stream !== this.#stream || flags & START) {
      this.#stream = stream;
      this.#next = (seq + 1) >>> 0;
      return { stale: false, lost: 0 };
    }
    const ahead = (seq - this.#next) >>> 0;
    if (ahead >= 0x80000000) return { stale: true, lost: 0 };
    this.#next = (seq + 1) >>> 0;
    return { stale: false, lost: ahead };
  }
}

// -- what is shown at a time

export function mouthAt(messages, tMs, cutMs) {
  const poses = [];
  let untilMs = 0;
  for (const message of messages) {
    let last = null;
    for (const [t, viseme, weight] of message.keys) {
      if (last === null || last.t !== t) poses.push((last = { t, weights: new Map() }));
      last.weights.set(viseme, weight);
    }
    untilMs = Math.max(untilMs, message.until_ms);
  }
  const shownMs = cutMs === null ? tMs : Math.min(tMs, cutMs);
  if (!poses.length || shownMs > untilMs) return null;
  const open = cutMs === null ? 1 : Math.max(0, 1 - Math.max(0, tMs - cutMs) / 80);
  const after = poses.findIndex((pose) => pose.t > shownMs);
  const old = poses[after === -1 ? poses.length - 1 : Math.max(0, after - 1)];
  const next = after > 0 ? poses[after] : old;
  const share = next === old ? 0 : (shownMs - old.t) / (next.t - old.t);
  return [...new Set([...old.weights.keys(), ...next.weights.keys()])]
    .sort((a, b) => a - b)
    .map((viseme) => {
      const [from, to] = [old, next].map((pose) => pose.weights.get(viseme) ?? 0);
      return [viseme, (from * (1 - share) + to * share) * open];
    })
    .filter(([, weight]) => weight > 0);
}

function share(t, from, to) {
  if (t < from) return 0;
  return t >= to ? 1 : (t - from) / (to - from);
}

function gestureAt(cue, t, following) {
  if (t < cue.start_ms || t >= cue.end_ms) return null;
  let left = 1;
  if (following && following.start_ms < cue.relax_ms) {
    left = 1 - share(t, following.start_ms, following.stroke_start_ms);
    if (t >= following.start_ms && left <= 0) return null;
  }
  let phase = "retraction";
  let weight = 1;
  if (t < cue.stroke_start_ms) {
    phase = "preparation";
    weight = share(t, cue.start_ms, cue.stroke_start_ms);
  } else if (t < cue.stroke_end_ms) phase = "stroke";
  else if (t < cue.relax_ms) phase = "hold";
  else weight = 1 - share(t, cue.relax_ms, cue.end_ms);
  return { phase, weight: weight * left };
}

export function gesturesAt(cues, t, cutMs) {
  const ordered = [...cues].sort((a, b) => a.start_ms - b.start_ms);
  const rows = [];
  ordered.forEach((cue, index) => {
    const following = ordered
      .slice(index + 1)
      .find((one) => one.mode === cue.mode || one.mode === "both" || cue.mode === "both");
    let moved = gestureAt(cue, cutMs !== null && t > cutMs ? cutMs : t, following);
    if (cutMs !== null && t > cutMs && moved) {
      const weight = moved.weight * (1 - share(t, cutMs, Math.min(cue.end_ms, cutMs + 300)));
      moved = weight > 0 ? { phase: "retraction", weight } : null;
    }
    if (moved) rows.push([cue.id, moved.phase, moved.weight]);
  });
  return rows;
}

function faceWeight(cue, t) {
  if (t < cue.t_ms) return 0;
  const weight = cue.intensity * share(t, cue.t_ms, cue.t_ms + cue.fade_ms);
  const falls = cue.t_ms + cue.fade_ms + cue.hold_ms;
  return cue.hold_ms && t > falls ? weight * (1 - share(t, falls, falls + cue.fade_ms)) : weight;
}

export function facesAt(cues, t) {
  const ordered = [...cues].sort((a, b) => a.t_ms - b.t_ms);
  const weights = new Map();
  ordered.forEach((cue, index) => {
    const following = ordered[index + 1];
    let weight = faceWeight(cue, t);
    if (following && t >= following.t_ms) {
      const faded = share(t, following.t_ms, following.t_ms + following.fade_ms);
      weight = Math.min(weight, faceWeight(cue, following.t_ms)) * (1 - faded);
    }
    if (weight > 0) {
      weights.set(cue.expression, Math.max(weight, weights.get(cue.expression) ?? 0));
    }
  });
  return [...weights].sort(([a], [b]) => (a < b ? -1 : 1));
}

export function gazeAt(cues, t) {
  const now = cues.filter((cue) => cue.start_ms <= t && t < cue.end_ms);
  now.sort((a, b) => b.start_ms - a.start_ms);
  return now.length ? now[0].target : "user";
}

export function captionAt(words, played, rateHz, latencyMs) {
  const tMs = (played * 1000) / rateHz - latencyMs;
  const index = words.filter(([, startMs]) => startMs <= tMs).length - 1;
  if (index < 0) return { t_ms: tMs, word: -1, is_now: false, char: 0 };
  const [word, , endMs, char] = words[index];
  return { t_ms: tMs, word: index, is_now: tMs < endMs, char: char + [...word].length };
}

export const roundTrip = ([t0, t1, t2, t3]) => t3 - t0 - (t2 - t1);
export const offset = ([t0, t1, t2, t3]) => (t1 - t0 + (t2 - t3)) / 2;

// -- playback: a loudspeaker that asks for blocks, and what is reported of it

export class Playout {
  #order = new FrameOrder();
  #samples = [];
  #received = 0;
  #total = null;
  #isPaused = false;
  #isCut = false;
  #reported = null;
  #reportedMs = 0;
  #nowMs = 0;
  played = 0;

  begin(rateHz) {
    this.rateHz = rateHz;
    this.#order = new FrameOrder();
    this.#samples = [];
    this.#received = this.played = 0;
    this.#total = null;
    this.#isPaused = this.#isCut = false;
    this.#reported = null;
  }

  get buffered() {
    return this.#samples.length;
  }

  audio(frame, samples) {
    if (this.#isCut || this.#order.arrived(frame).stale) return;
    const missing = Math.max(0, frame.pts - this.#received);
    const added = [
      ...new Array(missing).fill(0),
      ...samples.slice(Math.max(0, this.#received - frame.pts)),
    ];
    const room = this.#total === null ? Infinity : Math.max(0, this.#total - this.#received);
    added.length = Math.min(added.length, room);
    this.#received += added.length;
    this.#samples.push(...added);
  }

  audioDone(total) {
    this.#total = total;
  }

  pause() {
    this.#isPaused = true;
  }

  resume() {
    this.#isPaused = false;
  }

  interrupt() {
    this.#isCut = true;
    this.#samples = [];
  }

  pull(count) {
    const block = this.#isPaused ? [] : this.#samples.splice(0, count);
    this.played += block.length;
    this.#nowMs += (count * 1000) / this.rateHz;
    return [...block, ...new Array(count - block.length).fill(0)];
  }

  get #state() {
    if (!this.#received) return null;
    if (this.#isCut) return "stopped";
    const isEmpty = this.#samples.length === 0;
    if (isEmpty && this.#total !== null) return "finished";
    if (this.#isPaused) return "paused";
    return isEmpty ? "stalled" : "playing";
  }

  report() {
    let state = this.#state;
    if (state === null || ["finished", "stopped"].includes(this.#reported)) return null;
    const was = this.#reported === "started" ? "playing" : this.#reported;
    if (was === null) state = ["playing", "stalled"].includes(state) ? "started" : state;
    else if (state === was && this.#nowMs - this.#reportedMs < 200) return null;
    this.#reported = state;
    this.#reportedMs = this.#nowMs;
    return [state, this.played];
  }
}

// -- the rules of order

const RESUMABLE = [1006, 1011, 4408];
const ENDED = [1000, 4008, 4009];
const REFUSED = [1003, 1007, 1008, 1009, 4000, 4001, 4002, 4003, 4004, 4429];

export class Reactions {
  #newest = 0;
  #isLive = false;
  #expected = 0;
  #audioSeq = null;
  #goawayMs = null;
  #failures = 0;
  #lastSeq = -1;
  #sessionId = "";
  #token = null;

  constructor(schema) {
    this.schema = schema;
  }

  text(bytes) {
    let decoded;
    try {
      decoded = decodeText(bytes, this.schema);
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      return [{ do: "ignore" }];
    }
    if (decoded.unknown !== undefined) return [{ do: "ignore", type: decoded.unknown }];
    const message = decoded.value;
    const { type, reply_id: id } = message;
    if (type === "session.ready" || type === "session.resumed") return this.#greeted(message);
    if (message.seq <= this.#lastSeq) {
      return [id === undefined ? { do: "drop", type } : { do: "drop", type, reply_id: id }];
    }
    this.#lastSeq = message.seq;
    if (type === "metrics" || id === undefined) return [this.#ofSession(message)];
    if (type === "reply.started") {
      if (id <= this.#newest) return [{ do: "drop", type, reply_id: id }];
      this.#newest = id;
      this.#isLive = true;
      this.#expected = 0;
      this.#audioSeq = null;
      return [{ do: "begin", reply_id: id }];
    }
    if (id !== this.#newest || !(this.#isLive || type === "reply.done")) {
      return [{ do: "drop", type, reply_id: id }];
    }
    if (["reply.interrupted", "reply.done"].includes(type)) this.#isLive = false;
    switch (type) {
      case "reply.paused":
        return [{ do: "pause", reply_id: id, state: "paused" }];
      case "reply.resumed":
        return [{ do: "resume", reply_id: id }];
      case "reply.audio_done":
        return [{ do: "ends_at", reply_id: id, samples: message.sample_count }];
      case "reply.interrupted":
        return [{ do: "flush", reply_id: id, state: "stopped" }];
      case "reply.done":
        return [{ do: "end", reply_id: id }];
      default:
        return [{ do: "schedule", type, reply_id: id }];
    }
  }

  #greeted(message) {
    this.#failures = 0;
    this.#token = message.resume?.token ?? null;
    if (message.type === "session.ready") {
      this.#sessionId = message.session_id;
      this.#newest = 0;
      this.#isLive = false;
      this.#lastSeq = message.seq;
      return [{ do: "open" }];
    }
    const report = this.#isLive ? [{ do: "report", reply_id: this.#newest }] : [];
    return [{ do: "resume_session" }, ...report];
  }

  #ofSession(message) {
    switch (message.type) {
      case "session.updated":
        return { do: "settings" };
      case "state":
        return { do: "state", state: message.state };
      case "session.goaway":
        this.#goawayMs = message.reconnect_in_ms;
        return { do: "goaway", after_ms: message.reconnect_in_ms };
      case "error":
        return message.fatal ? { do: "fail", code: message.code } : { do: "note", type: "error" };
      default:
        return { do: "note", type: message.type };
    }
  }

  binary(bytes) {
    let frame = null;
    try {
      frame = decodeBinary(bytes, 2);
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
    }
    if (frame === null) return [{ do: "ignore", type: "binary" }];
    const isMine = this.#isLive && frame.stream === this.#newest % 65536;
    const ahead = this.#audioSeq === null ? 0 : (frame.seq - this.#audioSeq - 1) >>> 0;
    if (!isMine || ahead >= 0x80000000) return [{ do: "drop", type: "binary" }];
    this.#audioSeq = frame.seq;
    const actions = [];
    const place = (what, until) => {
      if (until <= this.#expected) return;
      const samples = until - this.#expected;
      actions.push({ do: what, reply_id: this.#newest, pts: this.#expected, samples });
      this.#expected = until;
    };
    place("gap", frame.pts);
    place("play", frame.pts + frame.payload.length / 2);
    return actions.length ? actions : [{ do: "note", type: "binary" }];
  }

  closed(code) {
    if (!RESUMABLE.includes(code) && this.#failures === 0) this.#token = null;
    const failures = this.#token === null ? this.#failures : this.#failures - 1;
    let afterMs = failures < 0 ? 0 : Math.min(30000, 500 * 2 ** Math.min(failures, 16));
    if (this.#failures === 0 && this.#goawayMs !== null) afterMs = this.#goawayMs;
    this.#goawayMs = null;
    this.#failures += 1;
    if ([...ENDED, ...REFUSED].includes(code)) return [{ do: "give_up" }];
    const action = { do: "reconnect", after_ms: afterMs };
    if (this.#token !== null) {
      const [session_id, token] = [this.#sessionId, this.#token];
      action.resume = { session_id, token, last_seq: Math.max(0, this.#lastSeq) };
    }
    return [action];
  }
}
