// Where a connection stands, and what comes next: every transition, as a table. Pure.

/**
 * @typedef {"closed" | "connecting" | "greeting" | "live" | "draining" | "waiting" | "ended"} State
 *
 * closed: not asked to connect, or left as asked; connecting: the socket is being opened; greeting:
 * session.hello is out; live: in session; draining: in session, but the server closes soon; waiting:
 * for the next attempt; ended: closed, and no attempt follows by itself.
 *
 * @typedef {"open" | "leave" | "opened" | "answered" | "goaway" | "lost" | "refused" | "due" |
 *   "overdue"} Event
 *
 * open, leave: the application wants to; opened: the socket is open; answered: session.ready or
 * session.resumed came; goaway: session.goaway came; lost: the socket is gone, another attempt is
 * worth it; refused: it is gone, and another one is not; due: the wait is over; overdue: the server
 * did not open the socket or answer session.hello in time.
 *
 * @typedef {"dial" | "hello" | "serve" | "wait" | "hang up" | "say goodbye" | "nothing"} Deed
 */

/** @type {Record<State, Partial<Record<Event, [to: State, deed: Deed]>>>} */
const TABLE = {
  closed: { open: ["connecting", "dial"] },
  connecting: {
    opened: ["greeting", "hello"],
    lost: ["waiting", "wait"],
    refused: ["ended", "nothing"],
    overdue: ["connecting", "hang up"],
    leave: ["closed", "hang up"],
  },
  greeting: {
    answered: ["live", "serve"],
    lost: ["waiting", "wait"],
    refused: ["ended", "nothing"],
    overdue: ["greeting", "hang up"],
    leave: ["closed", "say goodbye"],
  },
  live: {
    goaway: ["draining", "nothing"],
    lost: ["waiting", "wait"],
    refused: ["ended", "nothing"],
    leave: ["closed", "say goodbye"],
  },
  draining: {
    lost: ["waiting", "wait"],
    refused: ["ended", "nothing"],
    leave: ["closed", "say goodbye"],
  },
  waiting: { due: ["connecting", "dial"], open: ["connecting", "dial"], leave: ["closed", "nothing"] },
  ended: { open: ["connecting", "dial"], leave: ["closed", "nothing"] },
};

/**
 * Returns the state after an event and what is to be done; null where the event means nothing.
 * @param {State} state
 * @param {Event} event
 * @returns {{to: State, deed: Deed} | null}
 */
export function transition(state, event) {
  const row = TABLE[state][event];
  return row ? { to: row[0], deed: row[1] } : null;
}

/** All states. */
export const STATES = Object.freeze(/** @type {State[]} */ (Object.keys(TABLE)));
