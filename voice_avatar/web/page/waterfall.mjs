// The stages of a turn as bars of one time axis. Pure.

/** @type {[end: string, begin: string | null, name: string][]} */
const STAGES = [
  ["stt_ms", null, "Transcript"], ["commit_ms", null, "Turn ended"], ["ttft_ms", "llm_start_ms", "Model, 1st token"],
  ["first_chunk_ms", "ttft_ms", "Model, clause"], ["ttfa_ms", "first_chunk_ms", "Voice, 1st audio"], ["sent_ms", "ttfa_ms", "Sending"],
];

/**
 * @param {Record<string, any>} metrics the message of that name.
 * @param {number | null} heardMs from the end of speech to the first sound in this page, ms.
 * @returns {{from: number, to: number, bars: {name: string, from: number, to: number, ms: number, isEarly: boolean}[]}}
 *   times in ms from the end of speech; `ms` is how long the stage took, or when it was where it has no beginning.
 */
export function waterfall(metrics, heardMs) {
  const bars = [];
  for (const [end, begin, name] of STAGES) {
    const to = metrics[end];
    if (to === null || to === undefined) continue;
    const from = begin ? (metrics[begin] ?? to) : Math.min(0, to);
    bars.push({ name, from: Math.min(from, to), to, ms: begin ? to - from : to, isEarly: to < 0 });
  }
  if (heardMs !== null && metrics.sent_ms !== null) {
    bars.push({ name: "Network, buffer, device", from: Math.min(metrics.sent_ms, heardMs), to: heardMs, ms: heardMs - metrics.sent_ms, isEarly: false });
  }
  return { from: Math.min(0, ...bars.map((bar) => bar.from)), to: Math.max(100, ...bars.map((bar) => bar.to)), bars };
}
