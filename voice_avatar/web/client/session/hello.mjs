// The message that opens a session. Pure. PROTOCOL.md, sections 2 and 7.

/** Rate of the microphone's frames, Hz: what speech recognition listens to. */
export const MICROPHONE_HZ = 16000;

/**
 * What a client asks for; all of it may be left out.
 * @typedef {object} Wishes
 * @property {string} [token] for servers that want one.
 * @property {string | null} [persona]
 * @property {string | null} [voice]
 * @property {string | null} [language] ISO 639 code.
 * @property {string | null} [instructions] system prompt in place of the persona's.
 * @property {string} [visemes] set: "ovr15", "arkit52", "vrm5" or "azure22".
 * @property {string[] | null} [gestures] lexemes that can be played; null = all.
 * @property {string[] | null} [expressions] that can be shown; null = all.
 * @property {0 | 30 | 60} [faceHz] dense faces a second; 0 = none.
 * @property {object[]} [tools] functions that the model may call, as in PROTOCOL.md; each call is a
 *   `tool.call` event, to be answered with `answerTool`.
 * @property {string} [toolChoice] "auto", "none", "required" or a name.
 * @property {string} [name] of the program.
 * @property {string} [version]
 */

/**
 * Returns `session.hello`.
 * @param {Wishes} wishes
 * @param {object} now what holds at the moment.
 * @param {boolean} now.isEchoCancelled
 * @param {boolean} now.isPressToTalk whether only the button ends turns.
 * @param {import("./reactions.mjs").Resume | null} now.resume session to go on with.
 */
export function hello(wishes, { isEchoCancelled, isPressToTalk, resume }) {
  return {
    type: "session.hello",
    client: {
      name: wishes.name ?? "voice-avatar web client",
      version: wishes.version ?? "",
      platform: "browser",
    },
    auth: wishes.token ? { token: wishes.token } : null,
    audio_in: { codecs: ["pcm16"], rate_hz: MICROPHONE_HZ },
    audio_out: { codecs: ["pcm16"] },
    capabilities: {
      visemes: wishes.visemes ?? "ovr15",
      gestures: wishes.gestures ?? null,
      expressions: wishes.expressions ?? null,
      aec: isEchoCancelled,
      pause: true,
      face_hz: wishes.faceHz ?? 0,
    },
    persona: wishes.persona ?? null,
    voice: wishes.voice ?? null,
    language: wishes.language ?? null,
    instructions: wishes.instructions ?? null,
    endpointing: isPressToTalk ? "manual" : "auto",
    tools: wishes.tools ?? [],
    tool_choice: wishes.toolChoice ?? "auto",
    resume,
  };
}
