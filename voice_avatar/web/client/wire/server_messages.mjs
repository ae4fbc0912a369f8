// What the server's messages hold: PROTOCOL.md, sections 8 and 9, as a table. Pure.

import { list, number, object, oneOf, optional, orNull, row, text, whole, yesNo } from "./shapes.mjs";

const audioFormat = object({ codec: oneOf("opus", "pcm16"), rate_hz: whole });
const resumeOffer = object({ token: text, ttl_s: number });
const source = oneOf("llm", "prosody", "rule", "state");
const settings = object({
  persona: text,
  voice: text,
  language: text,
  endpointing: oneOf("auto", "manual"),
  viseme_set: text,
  visemes: list(text),
  captions: yesNo,
  gaze: yesNo,
  face_hz: optional(whole, 0),
  tools: optional(list(text), Object.freeze([])),
  tool_choice: optional(text, "auto"),
});
const limits = object({
  text_bytes: whole,
  binary_bytes: whole,
  input_chars: whole,
  hello_ms: number,
  mic_burst_ms: number,
  mic_realtime_factor: number,
  max_ahead_ms: number,
  idle_ms: number,
  mic_catch_up_ms: optional(number, 0),
  text_per_s: optional(number, 100),
  text_burst_count: optional(whole, 500),
  binary_per_s: optional(number, 100),
  binary_burst_count: optional(whole, 1000),
  turns_per_s: optional(number, 1),
  turn_burst_count: optional(whole, 5),
  turn_bytes_per_min: optional(whole, 65_536),
});
const autonomic = object({
  blinks_at_rest_per_min: number,
  blinks_talking_per_min: number,
  blink_close_ms: number,
  blink_open_ms: number,
  breath_hz: number,
  weight_shift_ms: row(number, number),
  gaze_shift_ms: row(number, number),
  energy: number,
  expression: text,
  valence: number,
  arousal: number,
});
const models = object({
  stt: optional(text, ""),
  llm: optional(text, ""),
  tts: optional(text, ""),
  vad: optional(text, ""),
  turn: optional(text, ""),
});
const noModels = Object.freeze({ stt: "", llm: "", tts: "", vad: "", turn: "" });

const of = { reply_id: whole };

/**
 * The fields of every message besides `type`, `seq` and `ts_ms`.
 * @type {Record<string, import("./shapes.mjs").Fields>}
 */
const FIELDS = {
  "session.ready": {
    session_id: text,
    protocol: optional(whole, 1),
    audio_in: audioFormat,
    audio_out: audioFormat,
    settings,
    gestures: list(text),
    expressions: list(text),
    voices: list(text),
    languages: list(text),
    limits,
    server: object({ name: optional(text, "voice-avatar"), version: text }),
    models: optional(models, noModels),
    resume: optional(orNull(resumeOffer), null),
    autonomic: optional(orNull(autonomic), null),
  },
  "session.resumed": { replayed: whole, lost: yesNo, resume: resumeOffer },
  "session.updated": { settings },
  "session.goaway": { reconnect_in_ms: number, reason: oneOf("restart", "shutdown") },
  state: { state: oneOf("idle", "interrupted", "listening", "speaking", "thinking") },
  "input.speech_started": { t_ms: number, probability: number },
  "input.speech_stopped": { t_ms: number },
  "transcript.interim": { turn_id: whole, text, stable_chars: whole, language: text },
  "transcript.final": { turn_id: whole, text, language: text },
  "turn.ended": {
    turn_id: whole,
    reason: oneOf("commit", "ptt", "semantic", "text", "vad"),
    silence_ms: number,
  },
  "turn.dropped": {
    turn_id: whole,
    reason: oneOf("wordless", "invented", "echo", "aside", "cleared", "failed"),
  },
  "reply.started": {
    ...of,
    stream: whole,
    turn_id: whole,
    rate_hz: whole,
    codec: oneOf("opus", "pcm16"),
  },
  "reply.text": { ...of, text, char: whole },
  "reply.segment": {
    ...of,
    index: whole,
    text,
    start_ms: number,
    end_ms: number,
    words: list(row(text, number, number, whole)),
  },
  visemes: { ...of, set: text, keys: list(row(number, whole, number)), until_ms: number },
  face: {
    ...of,
    t_ms: number,
    expression: text,
    intensity: number,
    valence: number,
    arousal: number,
    fade_ms: number,
    hold_ms: number,
    source,
  },
  gesture: {
    ...of,
    id: text,
    lexeme: text,
    kind: oneOf("beat", "deictic", "emblem", "iconic", "metaphoric"),
    mode: oneOf("both", "left", "right"),
    amplitude: number,
    start_ms: number,
    stroke_start_ms: number,
    stroke_ms: number,
    stroke_end_ms: number,
    relax_ms: number,
    end_ms: number,
    source,
    target: optional(text, ""),
  },
  head: {
    ...of,
    lexeme: text,
    amount: number,
    repeats: whole,
    start_ms: number,
    stroke_ms: number,
    end_ms: number,
    source,
    side: optional(oneOf("left", "right"), "right"),
  },
  gaze: {
    ...of,
    target: text,
    start_ms: number,
    end_ms: number,
    source,
    head: optional(number, 0),
  },
  body: {
    kind: oneOf("face", "gaze", "gesture", "head", "posture"),
    lexeme: text,
    amplitude: number,
    duration_ms: number,
    source,
    repeats: optional(whole, 1),
  },
  "reply.audio_done": { ...of, sample_count: whole },
  "reply.paused": { ...of, at_ms: number },
  "reply.resumed": { ...of, from_ms: number },
  "reply.interrupted": {
    ...of,
    at_ms: number,
    reason: oneOf("message", "ptt", "text", "voice"),
    spoken_text: text,
  },
  "reply.done": {
    ...of,
    status: oneOf("completed", "failed", "interrupted"),
    spoken_text: text,
    played_samples: whole,
  },
  "tool.call": { ...of, call_id: text, name: text, arguments: text },
  "tool.cancelled": { ...of, call_id: text, reason: oneOf("failed", "interrupted", "timeout") },
  metrics: {
    ...of,
    stt_ms: orNull(number),
    commit_ms: orNull(number),
    llm_start_ms: orNull(number),
    ttft_ms: orNull(number),
    first_chunk_ms: orNull(number),
    ttfa_ms: orNull(number),
    sent_ms: orNull(number),
    is_speculative: yesNo,
    wasted_tokens: optional(whole, 0),
  },
  warning: { code: text, message: text },
  error: { code: text, message: text, fatal: optional(yesNo, false), ref: optional(text, "") },
  "clock.pong": { t0_ms: number, t1_ms: number, t2_ms: number },
};

/**
 * A shape for each type of message.
 * @type {ReadonlyMap<string, import("./shapes.mjs").Shape<Record<string, any>>>}
 */
export const SERVER_MESSAGES = new Map(
  Object.entries(FIELDS).map(([type, fields]) => [
    type,
    object({
      type: text,
      seq: optional(whole, 0),
      ts_ms: optional(number, 0),
      ...fields,
    }),
  ]),
);
