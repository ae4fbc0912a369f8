// What the JavaScript programs of this folder share: arguments, a microphone, and facts as JSON.
//
// As with the Python ones (facts.py): each program is what a user of its library would write, tries
// one feature after the other, each in a session of its own, and prints one JSON document.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

export const RATE_HZ = 24_000;
const FRAME_SAMPLES = RATE_HZ / 50;
const WITHIN_MS = 90_000;
const AT_ONCE = 4;
/** So long (45 s, spoken back) that its reply is still on its way when somebody speaks over it. */
export const LONG_TEXT = (
  "The quick brown fox jumps over the lazy dog and then it goes to sleep under the old apple tree " +
  "until somebody comes along the road with a basket of bread and wakes it up again. "
).repeat(4);

/** Returns {url, speech, only}: the server's ws://HOST:PORT/v1, samples of a question, features. */
export function readArguments() {
  const { values } = parseArgs({
    options: {
      url: { type: "string" },
      speech: { type: "string" },
      only: { type: "string", default: "" },
    },
  });
  return { ...values, speech: recording(values.speech) };
}

/** Returns the samples of a WAV file of 24 kHz, mono, 16 bits. */
function recording(path) {
  const file = readFileSync(path);
  const at = file.indexOf("data") + 8;
  return new Int16Array(file.buffer.slice(file.byteOffset + at, file.byteOffset + file.length));
}

/** Sends a recording in frames of 20 ms as time passes, then silence, until it is closed. */
export function microphone(samples, send) {
  const began = performance.now();
  let at = 0;
  const timer = setInterval(() => {
    while ((at / RATE_HZ) * 1000 <= performance.now() - began) {
      const frame = new Int16Array(FRAME_SAMPLES);
      frame.set(samples.subarray(at, at + FRAME_SAMPLES));
      send(frame);
      at += FRAME_SAMPLES;
    }
  }, 10);
  return { close: () => clearInterval(timer) };
}

export const base64 = (samples) => Buffer.from(samples.buffer).toString("base64");

/** Returns the text of `kind` of all those events, put together. */
export const told = (events, kind) =>
  events.filter((event) => event.type === kind).map((event) => event.delta).join("");

/** Returns milliseconds and loudest sample of the reply audio in those events. */
export function audioOf(events, kind = "response.output_audio.delta") {
  const parts = events.filter((event) => event.type === kind);
  const sound = Buffer.concat(parts.map((event) => Buffer.from(event.delta, "base64")));
  return soundOf(sound);
}

export function soundOf(sound) {
  let loudest = 0;
  for (let at = 0; at + 1 < sound.length; at += 2) {
    loudest = Math.max(loudest, Math.abs(sound.readInt16LE(at)));
  }
  return { audio_ms: Math.floor((sound.length * 500) / RATE_HZ), loudest };
}

/** Returns the types in order; one that repeats is told once. */
export const typesOf = (events) =>
  events.map((event) => event.type).filter((type, at, all) => type !== all[at - 1]);

/** What was heard so far, and waiting for what is still to come. */
export class Heard {
  events = [];
  #waiting = [];
  #passed = 0;

  take(event) {
    this.events.push(event);
    this.#waiting = this.#waiting.filter(({ fits, resolve }) => {
      if (!fits(event)) return true;
      this.#passed = this.events.length;
      resolve(event);
      return false;
    });
  }

  /**
   * Resolves with the next event of a type (and for which `fits` is true) after the last one that was
   * waited for: several can come at once.
   */
  next(type, fits = () => true) {
    const wanted = (event) => event.type === type && fits(event);
    const at = this.events.findIndex((event, index) => index >= this.#passed && wanted(event));
    if (at >= 0) {
      this.#passed = at + 1;
      return Promise.resolve(this.events[at]);
    }
    return new Promise((resolve) => this.#waiting.push({ fits: wanted, resolve }));
  }
}

/** Rejects if a promise takes too long, and says what for. */
export function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${WITHIN_MS} ms: ${what}`)), WITHIN_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Tries the features that are asked for, some at once, and prints what was found. */
export async function report(version, features, only) {
  const wanted = Object.entries(features).filter(([name]) => !only || only.split(",").includes(name));
  const found = {};
  const left = [...wanted];
  const work = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [name, feature] = next;
      try {
        found[name] = await within(feature(), name);
      } catch (error) {
        found[name] = { error: `${error?.name}: ${error?.message ?? error}`, trace: error?.stack };
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  process.stdout.write(JSON.stringify({ version, features: found }), () => process.exit(0));
}
