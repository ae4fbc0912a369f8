// What went wrong, in plain words, with what to do about it. Pure.

/** @typedef {{title: string, text: string, steps: string[]}} Help */

/** What the state is called. @type {Record<string, string>} */
export const STATES = { idle: "Ready", listening: "Listening", thinking: "Thinking", speaking: "Speaking", interrupted: "Interrupted" };

/** @type {Record<string, Help>} */
const MICROPHONE = {
  insecure: {
    title: "The browser gives the microphone only to safe addresses",
    text: "This page was opened over plain HTTP from another machine.",
    steps: ["Open it over HTTPS (the server's options server.tls_cert and server.tls_key).", "Or on the server's own machine: localhost and the port.", "Typing works here too."],
  },
  denied: {
    title: "The microphone is blocked",
    text: "The browser was told not to let this page use it.",
    steps: ["Click the icon at the left of the address, allow the microphone, then try again.", "Look whether the system's privacy settings let the browser use it.", "Or type: the avatar answers aloud."],
  },
  missing: {
    title: "No microphone was found",
    text: "The browser sees no device that it could listen to.",
    steps: ["Plug in a microphone or headset, then try again.", "Choose another one in the settings.", "Or type: the avatar answers aloud."],
  },
  busy: {
    title: "The microphone is in use",
    text: "Another program holds it, or it does not start.",
    steps: ["Close other programs that use it, such as video calls, then try again.", "Choose another one in the settings."],
  },
  failed: { title: "The microphone did not start", text: "The browser did not say why.", steps: ["Try again, or reload the page.", "Or type: the avatar answers aloud."] },
};

/**
 * Why there is no microphone.
 *
 * @param {string} problem of the client's `MicrophoneError`.
 * @returns {Help}
 */
export const microphoneHelp = (problem) => MICROPHONE[problem] ?? MICROPHONE.failed;

/** Why there is no sound at all. @returns {Help} */
export const soundHelp = (/** @type {string} */ message) => ({
  title: "The sound did not start", text: message,
  steps: ["Look whether a loudspeaker or headphones are there.", "Reload the page, or try another browser."],
});

/** @type {Record<number, [title: string, text: string, steps: string[]]>} */
const CLOSED = {
  1001: ["The server stops", "It was shut down or is restarted.", ["Start it again (make run), then try again."]],
  1013: ["All seats are taken", "The server talks with as many people as it can.", ["Try again in a moment."]],
  4001: ["A password is needed", "The server takes only visitors with a token.", ["Open the page with #token= and your token at the end of its address."]],
  4003: ["This address is not on the server's list", "The server does not take visitors from here.", ["Open the page at the address that the server printed.", "Or add this one to its option server.origins."]],
  4004: ["There is no such persona or voice", "The server does not have what was asked for.", ["Choose another one in the settings, or reload the page."]],
  4008: ["You were quiet for long", "The server ended the conversation to make room.", ["Start again whenever you like."]],
  4009: ["The conversation goes on elsewhere", "It was taken over by another window.", ["Go on there, or start a new one here."]],
  4429: ["Too much at once", "More sound came than the server takes.", ["Close other tabs that talk to it, then try again."]],
  4503: ["The server is still waking up", "Its models are being loaded.", ["Try again in a few seconds."]],
};

/**
 * Why the connection is gone for good, or could not be made.
 *
 * @param {number} code of the close; 0 or 1006 = none.
 * @returns {Help}
 */
export function closeHelp(code) {
  const known = CLOSED[code];
  if (known) return { title: known[0], text: known[1], steps: known[2] };
  if (!code || code === 1006) {
    return { title: "The server can't be reached", text: "It does not answer at this address.", steps: ["Look whether it is running (make run).", "Look at your network, then try again."] };
  }
  return { title: "The connection was closed", text: `The server gave the code ${code}.`, steps: ["Try again.", "If it happens again, look at the server's log."] };
}

/** An error that the session survives, for the line in the conversation. @param {string} code */
export function errorLine(code) {
  /** @type {Record<string, string>} */
  const lines = {
    stt_failed: "That was not understood. Please say it again.", llm_failed: "The language model failed. Please try again.",
    llm_timeout: "The language model took too long. Please try again.", tts_failed: "The voice failed for this answer.",
    context_exceeded: "This conversation has become too long for the language model.",
  };
  return lines[code] ?? `Something went wrong (${code}).`;
}

/** A warning that the user should know of; null for all others. @param {string} code */
export function warningLine(code) {
  /** @type {Record<string, string>} */
  const lines = {
    input_clipping: "Your microphone is too loud and distorts.", input_silent: "Your microphone gives no sound: is it muted?",
    input_stereo: "Your microphone sends what can't be understood.", input_noise: "Your microphone sends what can't be understood.", resume_failed: "The conversation could not be resumed; this is a new one.",
    text_too_long: "That text is too long.", empty_reply: "There was no answer to that. Please try again.", setting_unavailable: "The server can't change that setting.",
  };
  return lines[code] ?? null;
}
