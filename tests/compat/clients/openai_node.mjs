// The `openai` package of npm, which speaks to wss:// only: OpenAIRealtimeWS.
import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import { VERSION } from "openai/version";
import * as facts from "./facts.mjs";

const { url, speech, only } = facts.readArguments();
const client = new OpenAI({ baseURL: url.replace(/^ws/, "http"), apiKey: "none", maxRetries: 0 });
const PCM = { type: "audio/pcm", rate: facts.RATE_HZ };
const DETECTION = { type: "server_vad", silence_duration_ms: 400 };
const TOOL = {
  type: "function",
  name: "get_weather",
  description: "Tells the weather.",
  parameters: { type: "object", properties: { text: { type: "string" } } },
};

const hearing = (detection) => ({
  input: { format: PCM, turn_detection: detection, transcription: { model: "whisper-1" } },
  output: { format: PCM, voice: "marin" },
});

/** Opens a session, lets `talk` have it, and closes it. */
async function call(session, talk) {
  const realtime = new OpenAIRealtimeWS({ model: "gpt-realtime" }, client);
  const heard = new facts.Heard();
  const errors = [];
  const failed = new Promise((_, reject) => {
    realtime.on("error", (error) => {
      errors.push(error);
      if (!error.error?.code) reject(error);
    });
  });
  realtime.on("event", (event) => heard.take(event));
  try {
    await Promise.race([heard.next("session.created"), failed]);
    realtime.send({ type: "session.update", session: { type: "realtime", ...session } });
    await heard.next("session.updated");
    return await Promise.race([talk(realtime, heard, errors), failed]);
  } finally {
    failed.catch(() => {});
    realtime.close();
  }
}

const say = (realtime, text) =>
  realtime.send({
    type: "conversation.item.create",
    item: { type: "message", role: "user", content: [{ type: "input_text", text }] },
  });

const listen = (realtime) =>
  facts.microphone(speech, (frame) =>
    realtime.send({ type: "input_audio_buffer.append", audio: facts.base64(frame) }),
  );

const text = () =>
  call({ output_modalities: ["text"] }, async (realtime, heard) => {
    say(realtime, "Good morning.");
    realtime.send({ type: "response.create" });
    const { response } = await heard.next("response.done");
    return {
      text: facts.told(heard.events, "response.output_text.delta"),
      status: response.status,
      usage: response.usage,
    };
  });

const audio = () =>
  call({ audio: hearing(DETECTION) }, async (realtime, heard) => {
    const microphone = listen(realtime);
    try {
      const { response } = await heard.next("response.done");
      const transcription = "conversation.item.input_audio_transcription.completed";
      return {
        types: facts.typesOf(heard.events),
        heard: heard.events.find((event) => event.type === transcription)?.transcript,
        said: facts.told(heard.events, "response.output_audio_transcript.delta"),
        status: response.status,
        ...facts.audioOf(heard.events),
      };
    } finally {
      microphone.close();
    }
  });

const tool = () =>
  call({ output_modalities: ["text"], tools: [TOOL] }, async (realtime, heard) => {
    say(realtime, "Please get weather for Paris.");
    realtime.send({ type: "response.create" });
    const { response } = await heard.next("response.done");
    const made = response.output.find((item) => item.type === "function_call");
    const output = '{"sky": "blue"}';
    realtime.send({
      type: "conversation.item.create",
      item: { type: "function_call_output", call_id: made.call_id, output },
    });
    const before = heard.events.length;
    realtime.send({ type: "response.create" });
    await heard.next("response.done");
    return {
      name: made.name,
      arguments: made.arguments,
      streamed: facts.told(heard.events, "response.function_call_arguments.delta"),
      answer: facts.told(heard.events.slice(before), "response.output_text.delta"),
    };
  });

const interruption = () =>
  call({ audio: hearing(DETECTION) }, async (realtime, heard) => {
    say(realtime, facts.LONG_TEXT);
    realtime.send({ type: "response.create" });
    await heard.next("response.output_audio.delta");
    const microphone = listen(realtime);
    try {
      await heard.next("input_audio_buffer.speech_started");
      const { response } = await heard.next("response.done");
      const first = response.id;
      const at = heard.events.length;
      const after = await heard.next("response.done");
      return {
        status: response.status,
        reason: response.status_details?.reason,
        late: heard.events.slice(at).filter((event) => event.response_id === first).length,
        next: after.response.status,
      };
    } finally {
      microphone.close();
    }
  });

const truncate = () =>
  call({ audio: hearing(null) }, async (realtime, heard) => {
    say(realtime, "the quick brown fox jumps over the lazy dog");
    realtime.send({ type: "response.create" });
    const { response } = await heard.next("response.done");
    const item_id = response.output[0].id;
    const whole_ms = facts.audioOf(heard.events).audio_ms;
    const audio_end_ms = Math.floor(whole_ms / 2);
    realtime.send({ type: "conversation.item.truncate", item_id, content_index: 0, audio_end_ms });
    const cut = await heard.next("conversation.item.truncated");
    realtime.send({ type: "conversation.item.retrieve", item_id });
    const { item } = await heard.next("conversation.item.retrieved");
    const said = facts.told(heard.events, "response.output_audio_transcript.delta");
    return { cut: [cut.item_id === item_id, cut.audio_end_ms], said, kept: item.content[0].transcript };
  });

const cancel = () =>
  call({ audio: hearing(null) }, async (realtime, heard, errors) => {
    say(realtime, facts.LONG_TEXT);
    realtime.send({ type: "response.create" });
    await heard.next("response.output_audio.delta");
    realtime.send({ type: "response.cancel" });
    const { response } = await heard.next("response.done");
    realtime.send({ type: "response.cancel" });
    await heard.next("error");
    return {
      status: response.status,
      reason: response.status_details?.reason,
      refused: errors[0].error.code,
    };
  });

const models = async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  return { ids, one: (await client.models.retrieve(ids[0])).id };
};

await facts.report(VERSION, { text, audio, tool, interruption, truncate, cancel, models }, only);
