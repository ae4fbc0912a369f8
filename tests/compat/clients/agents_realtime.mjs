// The agents SDK of OpenAI, `@openai/agents-realtime`: an agent with a tool, over a WebSocket.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import {
  OpenAIRealtimeWebSocket,
  RealtimeAgent,
  RealtimeSession,
  tool,
} from "@openai/agents-realtime";
import { z } from "zod";
import * as facts from "./facts.mjs";

const { url, speech, only } = facts.readArguments();
const DETECTION = { type: "server_vad", silenceDurationMs: 400, interruptResponse: true };

/** Opens a session of an agent, lets `talk` have it, and closes it. */
async function call({ config = {}, tools = [] }, talk) {
  const agent = new RealtimeAgent({ name: "Ava", instructions: "Be brief.", tools });
  const transport = new OpenAIRealtimeWebSocket({ url: `${url}/realtime?model=gpt-realtime` });
  const session = new RealtimeSession(agent, { transport, config, tracingDisabled: true });
  const heard = new facts.Heard();
  const errors = [];
  session.on("transport_event", (event) => heard.take(event));
  session.on("error", ({ error }) => errors.push(error?.error ?? error?.message ?? `${error}`));
  try {
    const ready = heard.next("session.updated");
    await session.connect({ apiKey: "none" });
    await ready;
    return { ...(await talk(session, heard)), errors };
  } finally {
    session.close();
  }
}

const listen = (session) => facts.microphone(speech, (frame) => session.sendAudio(frame.buffer));

/** Returns who said what, by the history that the SDK keeps. */
const historyOf = (session) =>
  session.history
    .filter((item) => item.type === "message")
    .map((item) => [item.role, item.content.map((part) => part.transcript ?? part.text).join("")]);

const functionsOf = (session) =>
  session.history
    .filter((item) => item.type === "function_call")
    .map(({ name, status, output }) => ({ name, status, output }));

const text = () =>
  call({ config: { outputModalities: ["text"] } }, async (session, heard) => {
    const done = heard.next("response.done");
    session.sendMessage("Good morning.");
    const { response } = await done;
    await settled(() => historyOf(session).at(-1)?.[0] === "assistant");
    return { status: response.status, history: historyOf(session), usage: { ...session.usage } };
  });

const audio = () =>
  call({ config: { audio: { input: { turnDetection: DETECTION } } } }, async (session, heard) => {
    const sounds = [];
    session.on("audio", ({ data }) => sounds.push(Buffer.from(data)));
    const microphone = listen(session);
    try {
      const { response } = await heard.next("response.done");
      // The SDK asks for the user's item again to learn what was heard.
      await settled(() => historyOf(session).some(([role, words]) => role === "user" && words));
      return {
        status: response.status,
        history: historyOf(session),
        ...facts.soundOf(Buffer.concat(sounds)),
      };
    } finally {
      microphone.close();
    }
  });

const toolCall = () => {
  const asked = [];
  const weather = tool({
    name: "get_weather",
    description: "Tells the weather.",
    parameters: z.object({ text: z.string() }),
    execute: async (input) => {
      asked.push(input);
      return "It is sunny.";
    },
  });
  const options = { config: { outputModalities: ["text"] }, tools: [weather] };
  return call(options, async (session, heard) => {
    session.sendMessage("Please get weather for Paris.");
    await heard.next("response.done");
    await heard.next("response.done");
    await settled(() => historyOf(session).at(-1)?.[0] === "assistant");
    return { asked, functions: functionsOf(session), history: historyOf(session) };
  });
};

const interruption = () =>
  call({ config: { audio: { input: { turnDetection: DETECTION } } } }, async (session, heard) => {
    let interrupted = 0;
    session.on("audio_interrupted", () => (interrupted += 1));
    session.sendMessage(facts.LONG_TEXT);
    const { response } = await heard.next("response.created");
    await heard.next("response.output_audio.delta");
    const isFirst = (event) => event.response.id === response.id;
    const over = heard.next("response.done", isFirst);
    const after = heard.next("response.done", (event) => !isFirst(event));
    const microphone = listen(session);
    try {
      const first = (await over).response;
      const next = (await after).response;
      await settled(() => historyOf(session).length >= 4);
      return {
        interrupted,
        status: first.status,
        reason: first.status_details?.reason,
        next: next.status,
        history: historyOf(session),
      };
    } finally {
      microphone.close();
    }
  });

const byHand = () =>
  call({}, async (session, heard) => {
    session.sendMessage(facts.LONG_TEXT);
    await heard.next("response.output_audio.delta");
    const over = heard.next("response.done");
    const cut = heard.next("conversation.item.truncated");
    session.interrupt();
    const { response } = await over;
    const { audio_end_ms } = await cut;
    session.updateHistory([]);
    await heard.next("conversation.item.deleted");
    const done = heard.next("response.done");
    session.sendMessage("still here");
    return { status: response.status, audio_end_ms, next: (await done).response.status };
  });

/** Waits until something is true of the SDK's own state, which follows the events. */
async function settled(isTrue) {
  for (const until = Date.now() + 20_000; !isTrue() && Date.now() < until; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const main = createRequire(import.meta.url).resolve("@openai/agents-realtime");
const { version } = JSON.parse(readFileSync(main.replace(/dist.*/, "package.json"), "utf8"));
await facts.report(
  version,
  { text, audio, tool: toolCall, interruption, cancel: byHand },
  only,
);
