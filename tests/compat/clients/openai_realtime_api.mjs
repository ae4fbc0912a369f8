// `openai-realtime-api`, a client of the beta protocol: other names of events, flat sessions.
import { readFileSync } from "node:fs";
import { RealtimeClient } from "openai-realtime-api";
import * as facts from "./facts.mjs";

const { url, speech, only } = facts.readArguments();

/** Opens a session, lets `talk` have it, and closes it. */
async function call(sessionConfig, talk) {
  const client = new RealtimeClient({
    url: `${url}/realtime`,
    apiKey: "none",
    model: "gpt-4o-realtime-preview",
    sessionConfig,
  });
  const heard = new facts.Heard();
  client.on("realtime.event", ({ source, event }) => source === "server" && heard.take(event));
  try {
    const ready = heard.next("session.updated");
    await client.connect();
    await ready;
    return await talk(client, heard);
  } finally {
    client.disconnect();
  }
}

const saidBy = (client, role) =>
  client.conversation
    .getItems()
    .filter((item) => item.role === role)
    .map((item) => item.formatted.transcript || item.formatted.text);

const text = () =>
  call({ modalities: ["text"] }, async (client, heard) => {
    const done = heard.next("response.done");
    client.sendUserMessageContent([{ type: "input_text", text: "Good morning." }]);
    const { response } = await done;
    return {
      status: response.status,
      types: facts.typesOf(heard.events),
      text: saidBy(client, "assistant").join(""),
    };
  });

const audio = () =>
  call({ turn_detection: { type: "server_vad", silence_duration_ms: 400 } }, async (client, heard) => {
    const microphone = facts.microphone(speech, (frame) => client.appendInputAudio(frame));
    try {
      const { response } = await heard.next("response.done");
      const item = client.conversation.getItems().find((one) => one.role === "assistant");
      return {
        status: response.status,
        types: facts.typesOf(heard.events),
        heard: saidBy(client, "user").join(""),
        said: item.formatted.transcript,
        ...facts.soundOf(Buffer.from(item.formatted.audio.buffer)),
      };
    } finally {
      microphone.close();
    }
  });

const tool = () =>
  call({ modalities: ["text"] }, async (client, heard) => {
    const asked = [];
    const definition = {
      name: "get_weather",
      description: "Tells the weather.",
      parameters: { type: "object", properties: { text: { type: "string" } } },
    };
    client.addTool(definition, async (input) => {
      asked.push(input);
      return { sky: "blue" };
    });
    await heard.next("session.updated");
    client.sendUserMessageContent([{ type: "input_text", text: "Please get weather for Paris." }]);
    await heard.next("response.done");
    await heard.next("response.done");
    return { asked, answer: saidBy(client, "assistant").join("") };
  });

const cancel = () =>
  call({}, async (client, heard) => {
    client.sendUserMessageContent([{ type: "input_text", text: facts.LONG_TEXT }]);
    // Only what was sent can be cut: the cancel may overtake all but the first delta.
    for (let samples = 0; samples < 4800; ) {
      const { delta } = await heard.next("response.audio.delta");
      samples += Buffer.from(delta, "base64").length / 2;
    }
    const item = client.conversation.getItems().find((one) => one.role === "assistant");
    const over = heard.next("response.done");
    const cut = heard.next("conversation.item.truncated");
    client.cancelResponse(item.id, 4800);
    return {
      status: (await over).response.status,
      audio_end_ms: (await cut).audio_end_ms,
    };
  });

const main = new URL(import.meta.resolve("openai-realtime-api")).pathname;
const { version } = JSON.parse(readFileSync(main.replace(/dist.*/, "package.json"), "utf8"));
await facts.report(version, { text, audio, tool, cancel }, only);
