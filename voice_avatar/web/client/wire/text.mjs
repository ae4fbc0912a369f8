// Text frames of the server: read, checked, with defaults filled in. Pure. PROTOCOL.md, section 3.

import { Refused } from "./frames.mjs";
import { SERVER_MESSAGES } from "./server_messages.mjs";

/** Largest text frame, bytes of UTF-8. */
export const MAX_TEXT_BYTES = 262144;

/**
 * A message of the server. Its fields are those of PROTOCOL.md, section 8.
 * @typedef {{type: string, seq: number, ts_ms: number, reply_id?: number} & Record<string, any>} Message
 */

/**
 * Reads a text frame.
 * @param {string} text as the socket gives it, which has checked that it is UTF-8.
 * @returns {{message: Message} | {unknown: string}} the message, or the type of one that is not
 *   known and is to be ignored.
 * @throws {Refused} it cannot be read: to be ignored, too.
 */
export function readText(text) {
  // A UTF-16 unit is at least one byte of UTF-8: only what may be over the limit is counted.
  if (3 * text.length > MAX_TEXT_BYTES && new TextEncoder().encode(text).length > MAX_TEXT_BYTES) {
    throw new Refused("message_too_big");
  }
  let given;
  try {
    given = JSON.parse(text);
  } catch {
    throw new Refused("bad_json");
  }
  if (typeof given?.type !== "string" || Array.isArray(given)) throw new Refused("bad_json");
  const shape = SERVER_MESSAGES.get(given.type);
  if (shape === undefined) return { unknown: given.type };
  return { message: /** @type {Message} */ (shape(given)) };
}
