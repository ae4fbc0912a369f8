// Sound in the client library: rates, microphone frames, playback, and what is heard when.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ArrivalClock } from "../../voice_avatar/web/client/audio/arrival_clock.mjs";
import { HeardClock } from "../../voice_avatar/web/client/audio/heard_clock.mjs";
import { Meter, barOf, rms } from "../../voice_avatar/web/client/audio/level.mjs";
import { constraints } from "../../voice_avatar/web/client/audio/microphone.mjs";
import { MicrophoneStream } from "../../voice_avatar/web/client/audio/microphone_stream.mjs";
import { PlaybackReports } from "../../voice_avatar/web/client/audio/playback_reports.mjs";
import { PLAYOUT, PlayoutCore } from "../../voice_avatar/web/client/audio/playout_core.mjs";
import { Resampler } from "../../voice_avatar/web/client/audio/resampler.mjs";
import { FLAG, KIND, floats, readAudio } from "../../voice_avatar/web/client/wire/frames.mjs";

const tone = (hz, rateHz, count, size = 0.5) =>
  Float32Array.from({ length: count }, (_, n) => size * Math.sin((2 * Math.PI * hz * n) / rateHz));

// How large a tone is in samples, and what else there is, both as root mean squares.
function heard(samples, hz, rateHz) {
  let [re, im] = [0, 0];
  samples.forEach((sample, n) => {
    re += sample * Math.cos((2 * Math.PI * hz * n) / rateHz);
    im += sample * Math.sin((2 * Math.PI * hz * n) / rateHz);
  });
  const size = (2 * Math.hypot(re, im)) / samples.length;
  const rest = samples.map((sample, n) => {
    const angle = (2 * Math.PI * hz * n) / rateHz;
    return sample - (2 / samples.length) * (re * Math.cos(angle) + im * Math.sin(angle));
  });
  return { size, rest: rms(Float32Array.from(rest)) };
}

const dB = (ratio) => 20 * Math.log10(ratio);

// A tone through a resampler, in blocks of a worklet, whole periods from the middle of it.
function resampled(hz, fromHz, toHz) {
  const resampler = new Resampler(fromHz, toHz);
  const input = tone(hz, fromHz, fromHz);
  const made = [];
  for (let at = 0; at < input.length; at += 480) made.push(...resampler.push(input.slice(at, at + 480)));
  return { made, middle: made.slice(toHz / 10, toHz / 10 + toHz / 2) };
}

for (const fromHz of [48000, 44100, 96000, 16000, 8000]) {
  test(`a microphone at ${fromHz} Hz comes out at 16 kHz as it was`, () => {
    const { made, middle } = resampled(1000, fromHz, 16000);
    assert.ok(Math.abs(made.length - 16000) < 60, `${made.length}`);
    const { size, rest } = heard(middle, 1000, 16000);
    assert.ok(Math.abs(dB(size / 0.5)) < 0.1, `${dB(size / 0.5)} dB`);
    assert.ok(dB(rest / rms(Float32Array.from(middle))) < -60, `${dB(rest)} dB`);
  });
}

for (const fromHz of [48000, 44100]) {
  test(`what 16 kHz cannot hold is left out, from ${fromHz} Hz`, () => {
    const { middle } = resampled(9500, fromHz, 16000);
    assert.ok(dB(rms(Float32Array.from(middle)) / 0.354) < -60);
    const low = resampled(6000, fromHz, 16000).middle;
    assert.ok(Math.abs(dB(heard(low, 6000, 16000).size / 0.5)) < 0.5);
  });
}

test("blocks of any size give the same samples", () => {
  const input = tone(700, 44100, 4410);
  const whole = new Resampler(44100, 16000).push(input);
  const pieces = new Resampler(44100, 16000);
  const made = [];
  for (let at = 0, size = 1; at < input.length; at += size, size = (size * 7) % 211) {
    made.push(...pieces.push(input.slice(at, at + size)));
  }
  assert.equal(made.length, whole.length);
  made.forEach((sample, n) => assert.ok(Math.abs(sample - whole[n]) < 1e-6));
});

test("a meter goes up at once and falls slowly", () => {
  const meter = new Meter();
  meter.push(tone(440, 16000, 1600), 16000);
  const top = meter.level;
  assert.ok(Math.abs(top - 0.354) < 0.01);
  meter.push(new Float32Array(1920), 16000);
  assert.ok(Math.abs(meter.level - top / 2) < 0.01);
  assert.equal(barOf(0), 0);
  assert.equal(barOf(1), 1);
  assert.ok(Math.abs(barOf(0.0316) - 0.5) < 0.01);
});

test("messages that come late do not move the time of what was recorded", () => {
  const clock = new ArrivalClock();
  let worst = 0;
  for (let n = 1; n <= 2000; n += 1) {
    const delayMs = n % 7 ? 4 + (n % 5) * 40 : 4; // the page is busy, but not always
    const atMs = clock.at(n / 100, 5000 + 10 * n + delayMs);
    if (n > 10) worst = Math.max(worst, Math.abs(atMs - (5004 + 10 * n)));
  }
  assert.ok(worst < 0.1, `${worst} ms`);
});

test("clocks that drift apart are followed, and a device that stood still is noticed", () => {
  const clock = new ArrivalClock();
  const at = (n, pausedMs = 0) => clock.at(n / 100, 1000 + 10.001 * n + pausedMs);
  let error = 0;
  for (let n = 1; n <= 60000; n += 1) error = Math.max(error, Math.abs(at(n) - (1000 + 10.001 * n)));
  assert.ok(error < 1, `${error} ms`);
  assert.ok(Math.abs(at(60001, 60000) - (61000 + 10.001 * 60001)) < 1);
});

test("echo, noise and level are asked to be taken care of, of the device that was chosen", () => {
  assert.deepEqual(constraints(null), {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    channelCount: 1,
  });
  assert.deepEqual(constraints("abc").deviceId, { exact: "abc" });
  assert.equal(constraints("abc", false).echoCancellation, false);
});

test("the microphone comes in frames of 20 ms, numbered, with START on the first", () => {
  const stream = new MicrophoneStream(16000);
  assert.deepEqual(stream.push(new Float32Array(319), 0), []);
  const frames = stream.push(Float32Array.of(1, -1, ...new Array(639).fill(0.5)), 60);
  const read = frames.map((frame) => readAudio(frame, KIND.AUDIO_IN));
  assert.deepEqual(read.map(({ seq, pts, flags }) => [seq, pts, flags]), [[0, 0, FLAG.START], [1, 320, 0], [2, 640, 0]]);
  assert.ok(read.every(({ payload }) => payload.length === 640));
  assert.ok(Math.abs(floats(read[0].payload)[319] - 1) < 1e-4);
  assert.ok(floats(read[1].payload)[0] < -0.99);
  assert.equal(stream.flush(), null);
});

test("what is left when the button goes up is a short frame", () => {
  const stream = new MicrophoneStream(16000);
  stream.push(new Float32Array(100), 10);
  assert.equal(readAudio(stream.flush(), KIND.AUDIO_IN).payload.length, 200);
  const [next] = stream.push(new Float32Array(320), 30);
  assert.deepEqual(readAudio(next, KIND.AUDIO_IN).pts, 100);
});

test("the last two seconds are kept, with their numbers", () => {
  const stream = new MicrophoneStream(16000);
  for (let n = 0; n < 300; n += 1) stream.push(new Float32Array(320), 20 * n);
  const kept = stream.kept.map((frame) => readAudio(frame, KIND.AUDIO_IN).seq);
  assert.deepEqual([kept.length, kept[0], kept.at(-1)], [100, 200, 299]);
});

test("a moment of the microphone's clock is found on the client's, muted stretches left out", () => {
  const stream = new MicrophoneStream(16000);
  for (let n = 1; n <= 50; n += 1) stream.push(new Float32Array(320), 1000 + 20 * n);
  assert.equal(stream.timeOf(1000), 2000);
  assert.equal(stream.timeOf(510), 1510);
  stream.push(new Float32Array(320), 9000); // 6 s later
  assert.equal(stream.timeOf(1010), 8990);
  assert.equal(stream.timeOf(2000), null);
});

// -- playback

function pull(core, samples) {
  const block = new Float32Array(samples);
  core.render(block);
  return block;
}

const rising = (from, count) => Float32Array.from({ length: count }, (_, n) => (from + n) / 1e6);

test("a reply waits for 60 ms of audio, or for all of a short one", () => {
  const core = new PlayoutCore(24000);
  core.begin(1, 24000);
  core.audio(0, rising(0, 1439));
  assert.equal(core.view.state, null);
  assert.equal(rms(pull(core, 128)), 0);
  core.audio(1439, rising(1439, 1));
  assert.equal(core.view.state, "playing");
  core.begin(2, 24000);
  core.audio(0, rising(0, 100));
  assert.equal(core.view.state, null);
  core.endsAt(100);
  assert.equal(core.view.state, "playing");
});

test("a reply of 24 kHz is heard at 48 kHz without images, and every sample counts", () => {
  const core = new PlayoutCore(48000);
  core.begin(1, 24000);
  core.audio(0, tone(1000, 24000, 24000));
  core.endsAt(24000);
  const made = [];
  while (core.view.state !== "finished") made.push(...pull(core, 128));
  assert.equal(core.view.played, 24000);
  assert.ok(made.length - 48000 < 128);
  const { size, rest } = heard(Float32Array.from(made.slice(4800, 28800)), 1000, 48000);
  assert.ok(Math.abs(size - 0.5) < 0.003);
  assert.ok(dB(rest / 0.354) < -60, `${dB(rest / 0.354)} dB`);
});

test("played samples follow the device's clock at rates that do not divide", () => {
  const core = new PlayoutCore(44100);
  core.begin(1, 22050 + 450);
  core.audio(0, tone(200, 22500, 22500));
  for (let n = 1; n <= 300; n += 1) {
    pull(core, 128);
    const due = Math.floor((n * 128 * 22500) / 44100 + 1e-6);
    assert.ok(Math.abs(core.view.played - Math.min(22500, due)) <= 1);
  }
});

test("an interruption fades out within 10 ms, and nothing is counted that was cut", () => {
  const core = new PlayoutCore(48000);
  core.begin(1, 24000);
  core.audio(0, tone(500, 24000, 24000));
  pull(core, 4800);
  const { played } = core.view;
  core.flush();
  const after = pull(core, 960);
  assert.equal(core.view.state, "stopped");
  assert.equal(core.view.played, played);
  assert.ok(rms(after.slice(0, 240)) > 0.1);
  assert.equal(rms(after.slice(480)), 0);
  for (let n = 1; n < 480; n += 1) assert.ok(Math.abs(after[n] - after[n - 1]) < 0.05);
  core.audio(24000, tone(500, 24000, 480));
  assert.equal(core.view.buffered, 0);
});

test("a pause stands still and goes on with the next sample, softly", () => {
  const core = new PlayoutCore(48000);
  core.begin(1, 48000);
  core.audio(0, tone(500, 48000, 48000));
  pull(core, 4800);
  core.pause();
  pull(core, 480);
  assert.equal(rms(pull(core, 4800)), 0);
  assert.deepEqual([core.view.state, core.view.played], ["paused", 4800]);
  core.resume();
  const on = pull(core, 960);
  const direct = tone(500, 48000, 48000);
  assert.ok(Math.abs(on[10] - (11 / 480) * direct[4810]) < 1e-3);
  assert.ok(Math.abs(on[700] - direct[5500]) < 1e-6);
});

test("the wait before a reply grows with stalls, and shrinks with replies that have none", () => {
  const core = new PlayoutCore(24000);
  core.begin(1, 24000);
  let pts = 0;
  for (let n = 0; n < 8; n += 1) {
    core.audio(pts, rising(0, 4800));
    pts += 4800;
    pull(core, 4928);
  }
  assert.equal(core.view.underruns, 8);
  assert.equal(core.view.startMs, PLAYOUT.longestStartMs);
  core.begin(2, 24000);
  assert.equal(core.view.startMs, PLAYOUT.longestStartMs - PLAYOUT.growMs / 2);
});

test("a reply that is longer than the buffer was is played whole", () => {
  const core = new PlayoutCore(24000, { ...PLAYOUT, startMs: 0 });
  core.begin(1, 24000);
  const made = [];
  for (let at = 0; at < 300000; at += 4800) {
    core.audio(at, rising(at, 4800));
    made.push(...pull(core, at < 200000 ? 2400 : 4800));
  }
  while (core.view.buffered) made.push(...pull(core, 4800));
  const wrong = made.findIndex((sample, n) => n < 300000 && Math.abs(sample - n / 1e6) > 1e-6);
  assert.equal(wrong, -1);
});

test("reports are asked for once after a resume, whatever was told", () => {
  const reports = new PlaybackReports();
  const view = { replyId: 1, state: "playing" };
  assert.equal(reports.due(view, 0), "started");
  assert.equal(reports.due(view, 100), null);
  reports.ask();
  assert.equal(reports.due(view, 101), "playing");
  assert.equal(reports.due(view, 150), null);
  assert.equal(reports.due(view, 301), "playing");
  assert.equal(reports.due({ replyId: 2, state: null }, 400), null);
});

// -- what is heard

const mark = (timeS, played, isMoving = true) => ({ replyId: 1, rateHz: 24000, timeS, played, isMoving });

test("what is heard lies between what was played, and stands still in a stall", () => {
  const clock = new HeardClock();
  assert.equal(clock.timeOf(1, 10), null);
  clock.add(mark(10, 0));
  assert.ok(Math.abs(clock.timeOf(1, 9.97) + 30) < 1e-9);
  assert.equal(clock.timeOf(1, 10), 0);
  assert.ok(Math.abs(clock.timeOf(1, 10.5) - 500) < 1e-9);
  clock.add(mark(10.1, 2400, false));
  assert.ok(Math.abs(clock.timeOf(1, 10.05) - 50) < 1e-9);
  assert.equal(clock.timeOf(1, 10.9), 100);
  clock.add(mark(11, 2400));
  assert.equal(clock.timeOf(1, 10.95), 100);
  assert.ok(Math.abs(clock.timeOf(1, 11.1) - 200) < 1e-9);
  assert.equal(clock.timeOf(2, 11.1), null);
});

test("a stall between two marks does not let the time run ahead", () => {
  const clock = new HeardClock();
  clock.add(mark(1, 0));
  clock.add(mark(1.5, 4800, false));
  assert.equal(clock.timeOf(1, 1.4), 200);
});
