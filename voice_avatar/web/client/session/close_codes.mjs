// Whether and when a client comes back after a close. Pure. PROTOCOL.md, section 12.

/** What a WebSocket reports when a connection ends without a close frame (RFC 6455). */
export const LOST = 1006;

/** Closes after which the server may keep the session, if it keeps any; a lost ping is a 1011. */
const RESUMABLE = Object.freeze([LOST, 1011, 4408]);
/** The session is over, or goes on elsewhere: only the user begins another one. */
const ENDED = Object.freeze([1000, 4008, 4009]);
/** The same attempt would fail again: something has to be changed first. */
const REFUSED = Object.freeze([1003, 1007, 1008, 1009, 4000, 4001, 4002, 4003, 4004, 4429]);

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30000;

/** @param {number} code */
export const isResumable = (code) => RESUMABLE.includes(code);

/**
 * Returns how long to wait before connecting again, ms, without the chance that a client adds; null =
 * do not.
 * @param {number} code close code, `LOST` for none.
 * @param {number} failures attempts that failed since the last session.ready or session.resumed.
 * @param {boolean} canResume whether there is a session to come back to: the first attempt does not
 *   wait.
 * @param {number | null} goawayMs `reconnect_in_ms` of a `session.goaway` before the close.
 */
export function waitMs(code, failures, canResume, goawayMs) {
  if (ENDED.includes(code) || REFUSED.includes(code)) return null;
  if (failures === 0 && goawayMs !== null) return goawayMs;
  const tries = canResume ? failures - 1 : failures;
  return tries < 0 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries, 16));
}
