// Binary frames of voice-avatar.v1. Pure. PROTOCOL.md, section 4.

/** Largest binary frame, header included, bytes. */
export const MAX_BINARY_BYTES = 65536;

/** Bytes of the header. */
export const HEADER_BYTES = 16;

/** Kinds of frames. */
export const KIND = Object.freeze({ AUDIO_IN: 1, AUDIO_OUT: 2, FACE_OUT: 3 });

/** Bits of `flags`; the upper four mean nothing yet. */
export const FLAG = Object.freeze({ START: 1, END: 2, DISCONTINUITY: 4, CODEC: 8 });

const KNOWN_FLAGS = 15;
const SHAPES = 52;
const FACE_HZ = Object.freeze([30, 60]);
const FACE_BYTES = 4;

/**
 * @typedef {object} Frame
 * @property {number} kind one of `KIND`.
 * @property {number} flags bits of `FLAG`.
 * @property {number} stream 0 for the microphone, `reply_id` mod 65536 for a reply.
 * @property {number} seq 0, 1, 2 … per stream, mod 2^32.
 * @property {number} pts first sample on the stream's clock.
 * @property {Uint8Array} payload a view, no copy.
 *
 * @typedef {object} FaceFrame
 * @property {number} flags bits of `FLAG`.
 * @property {number} stream `reply_id` mod 65536.
 * @property {number} seq of its own, per reply.
 * @property {number} pts reply sample of its first face.
 * @property {number} hz faces per second, 30 or 60.
 * @property {Uint8Array[]} faces 52 weights each, value / 255.
 */

/** A frame or message that cannot be used; the session goes on. */
export class Refused extends Error {
  /** @param {string} code as in the table of errors in PROTOCOL.md. */
  constructor(code) {
    super(code);
    this.name = "Refused";
    this.code = code;
  }
}

/**
 * Returns the kind of a frame, 0 of one that is too short to have any.
 * @param {Uint8Array} bytes
 */
export const kindOf = (bytes) => (bytes.length ? bytes[0] : 0);

/**
 * Reads the header.
 * @param {Uint8Array} bytes
 * @returns {Frame}
 */
function readHeader(bytes) {
  if (bytes.length > MAX_BINARY_BYTES) throw new Refused("message_too_big");
  if (bytes.length < HEADER_BYTES) throw new Refused("bad_frame");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const pts = Number(view.getBigUint64(8, true));
  if (!Number.isSafeInteger(pts)) throw new Refused("bad_frame");
  return {
    kind: view.getUint8(0),
    flags: view.getUint8(1) & KNOWN_FLAGS,
    stream: view.getUint16(2, true),
    seq: view.getUint32(4, true),
    pts,
    payload: bytes.subarray(HEADER_BYTES),
  };
}

/**
 * Reads a frame of audio.
 * @param {Uint8Array} bytes the whole frame.
 * @param {number} kind the kind that comes this way: `KIND.AUDIO_OUT` for a client.
 * @returns {Frame | null} null for a kind that is not known, which is to be ignored.
 * @throws {Refused} it breaks a rule of the protocol.
 */
export function readAudio(bytes, kind) {
  const frame = readHeader(bytes);
  if (frame.kind !== KIND.AUDIO_IN && frame.kind !== KIND.AUDIO_OUT) return null;
  if (frame.kind !== kind) throw new Refused("bad_frame");
  const { length } = frame.payload;
  if (length === 0 && !(frame.flags & FLAG.END)) throw new Refused("bad_frame");
  if (length % 2 && !(frame.flags & FLAG.CODEC)) throw new Refused("bad_frame");
  return frame;
}

/**
 * Reads a frame of kind 3.
 * @param {Uint8Array} bytes the whole frame.
 * @returns {FaceFrame}
 * @throws {Refused} it is none, or its size is not that of its faces.
 */
export function readFaces(bytes) {
  const { kind, flags, stream, seq, pts, payload } = readHeader(bytes);
  if (kind !== KIND.FACE_OUT || payload.length < FACE_BYTES) throw new Refused("bad_frame");
  const [count, hz, low, high] = payload;
  if (low + 256 * high !== SHAPES || !FACE_HZ.includes(hz)) throw new Refused("bad_frame");
  if (payload.length !== FACE_BYTES + count * SHAPES) throw new Refused("bad_frame");
  const faces = Array.from({ length: count }, (_, k) =>
    payload.subarray(FACE_BYTES + k * SHAPES, FACE_BYTES + (k + 1) * SHAPES),
  );
  return { flags, stream, seq, pts, hz, faces };
}

/**
 * Writes a frame of microphone audio.
 * @param {Int16Array} samples PCM16 at the agreed rate.
 * @param {number} seq 0, 1, 2 …
 * @param {number} pts first sample on the microphone's clock.
 * @param {number} [flags] bits of `FLAG`.
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function writeMicrophone(samples, seq, pts, flags = 0) {
  const bytes = new Uint8Array(HEADER_BYTES + 2 * samples.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, KIND.AUDIO_IN);
  view.setUint8(1, flags);
  view.setUint32(4, seq >>> 0, true);
  view.setBigUint64(8, BigInt(pts), true);
  for (let i = 0; i < samples.length; i += 1) {
    view.setInt16(HEADER_BYTES + 2 * i, samples[i], true);
  }
  return bytes;
}

/**
 * Returns PCM16 as floats -1..1.
 * @param {Uint8Array} payload little-endian, whole samples.
 * @returns {Float32Array<ArrayBuffer>}
 */
export function floats(payload) {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const made = new Float32Array(payload.length >> 1);
  for (let i = 0; i < made.length; i += 1) made[i] = view.getInt16(2 * i, true) / 32768;
  return made;
}

/** Which frames of a stream come twice or too late, and how many are missing. */
export class FrameOrder {
  /** @type {number | null} */
  #stream = null;
  #next = 0;

  /**
   * Takes a frame; one with START, or of another stream, begins the count anew.
   * @param {{stream: number, seq: number, flags: number}} frame
   * @returns {{stale: boolean, lost: number}}
   */
  arrived({ stream, seq, flags }) {
    const isFirst = stream !== this.#stream || (flags & FLAG.START) !== 0;
    const ahead = isFirst ? 0 : (seq - this.#next) >>> 0;
    if (ahead >= 0x80000000) return { stale: true, lost: 0 };
    this.#stream = stream;
    this.#next = (seq + 1) >>> 0;
    return { stale: false, lost: ahead };
  }
}
