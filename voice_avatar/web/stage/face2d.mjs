// A flat face for where there is no WebGL: the same pose as lines.

const PICTURE = `
<svg viewBox="-120 -150 240 320" role="img" aria-label="A drawn face">
  <defs>
    <linearGradient id="skin" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#f2c7a5"/><stop offset="1" stop-color="#d99f7c"/></linearGradient>
    <linearGradient id="coat" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#4d6a86"/><stop offset="1" stop-color="#2d4157"/></linearGradient>
    <clipPath id="left-lid"><ellipse cx="-31" cy="-22" rx="15" ry="10"/></clipPath>
    <clipPath id="right-lid"><ellipse cx="31" cy="-22" rx="15" ry="10"/></clipPath>
  </defs>
  <path d="M-118 172 C-112 112 -62 98 -28 92 L28 92 C62 98 112 112 118 172 Z" fill="url(#coat)"/>
  <path d="M-26 60 L26 60 L30 100 C14 116 -14 116 -30 100 Z" fill="#c98e6c"/>
  <g data-part="head">
    <path d="M-86 -30 C-96 -130 -44 -148 2 -146 C58 -144 96 -116 86 -28 C92 10 74 40 66 44 L-66 44 C-76 36 -92 8 -86 -30 Z" fill="#3a2a24"/>
    <path d="M-70 -40 C-70 -104 70 -104 70 -40 C72 28 48 86 0 88 C-48 86 -72 28 -70 -40 Z" fill="url(#skin)"/>
    <path d="M-74 -38 C-70 -104 -20 -112 8 -96 C34 -112 74 -92 74 -36 C60 -62 40 -78 6 -78 C-26 -78 -56 -68 -74 -38 Z" fill="#3a2a24"/>
    <g clip-path="url(#left-lid)"><rect x="-50" y="-40" width="38" height="36" fill="#fffaf4"/><g data-part="iris"><circle cx="-31" cy="-22" r="8" fill="#4a6b52"/><circle cx="-31" cy="-22" r="4" fill="#14161a"/><circle cx="-28" cy="-25" r="1.8" fill="#fff"/></g><rect data-part="lid" x="-50" y="-58" width="38" height="26" fill="#dcab8a"/></g>
    <g clip-path="url(#right-lid)"><rect x="12" y="-40" width="38" height="36" fill="#fffaf4"/><g data-part="iris"><circle cx="31" cy="-22" r="8" fill="#4a6b52"/><circle cx="31" cy="-22" r="4" fill="#14161a"/><circle cx="34" cy="-25" r="1.8" fill="#fff"/></g><rect data-part="lid" x="12" y="-58" width="38" height="26" fill="#dcab8a"/></g>
    <path d="M-47 -24 Q-31 -37 -15 -23" fill="none" stroke="#3a2a24" stroke-width="2.5" stroke-linecap="round"/><path d="M47 -24 Q31 -37 15 -23" fill="none" stroke="#3a2a24" stroke-width="2.5" stroke-linecap="round"/>
    <path data-part="brow-left" fill="none" stroke="#3a2a24" stroke-width="5.5" stroke-linecap="round"/>
    <path data-part="brow-right" fill="none" stroke="#3a2a24" stroke-width="5.5" stroke-linecap="round"/>
    <path d="M2 -18 C6 4 10 14 4 18 C0 20 -6 20 -9 16" fill="none" stroke="#b97c5b" stroke-width="3" stroke-linecap="round"/>
    <path data-part="inside" fill="#5b1f22"/>
    <path data-part="teeth" fill="#fff7ef"/>
    <path data-part="tongue" fill="#c8616a"/>
    <path data-part="lips" fill="none" stroke="#b4564f" stroke-width="5" stroke-linejoin="round"/>
  </g>
</svg>`;

/** How wide, open and round each viseme is: shares of the drawing's own size. */
/** @type {Record<string, number[]>} */
const SHAPES = {
  PP: [0.9, 0, 0.1], FF: [0.95, 0.12, 0], TH: [0.95, 0.28, 0], DD: [1, 0.26, 0], kk: [1, 0.34, 0], CH: [0.66, 0.3, 0.7], SS: [1.05, 0.14, 0],
  nn: [1, 0.24, 0], RR: [0.72, 0.28, 0.5], aa: [1, 1, 0.1], E: [1.12, 0.55, 0], I: [1.2, 0.32, 0], O: [0.7, 0.72, 0.7], U: [0.5, 0.34, 1],
};

/** How much the face smiles when nothing else is wanted: a straight line looks stern. */
const REST_SMILE = 0.3;

/** A mouth as numbers. Pure. @param {Record<string, number>} mouth @param {Map<string, number>} arkit */
export function mouthShape(mouth, arkit) {
  let [wide, open, round, sum] = [0, 0, 0, 0];
  for (const [viseme, weight] of Object.entries(mouth)) {
    const shape = SHAPES[viseme];
    if (!shape) continue;
    sum += weight;
    wide += weight * shape[0];
    open += weight * shape[1];
    round += weight * shape[2];
  }
  wide += 1 - Math.min(1, sum);
  const smile = REST_SMILE + (arkit.get("mouthSmileLeft") ?? 0) - (arkit.get("mouthFrownLeft") ?? 0);
  return { wide: wide + 0.15 * Math.max(0, smile), open: open + 0.4 * (arkit.get("jawOpen") ?? 0), round, smile };
}

export class Stage2D {
  /** @type {Map<string, HTMLElement[]>} */
  #parts = new Map();
  #fps = { last: 0, value: 0 };
  /** @type {Record<string, number>} */
  #shown = {};
  /** @type {((nowMs: number) => void) | null} */
  #callback = null;
  #isAsked = false;

  /** @param {HTMLElement} box */
  constructor(box) {
    box.innerHTML = PICTURE;
    box.hidden = false;
    this.box = box;
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (box.querySelectorAll("[data-part]"))) {
      const name = part.dataset.part ?? "";
      this.#parts.set(name, [...(this.#parts.get(name) ?? []), part]);
    }
  }

  #set(name, attribute, value) {
    for (const part of this.#parts.get(name) ?? []) part.setAttribute(attribute, value);
  }

  draw({ mouth, arkit, eyes, head }, nowS) {
    const dtS = nowS - this.#fps.last;
    if (dtS > 0) this.#fps = { last: nowS, value: this.#fps.value * 0.95 + 0.05 / dtS };
    this.#shown = mouth;
    this.#set("head", "transform", `translate(${head.yaw * 0.7} ${head.pitch * 0.7}) rotate(${-head.roll} 0 80)`);
    this.#set("iris", "transform", `translate(${eyes.yaw * 0.28} ${-eyes.pitch * 0.25})`);
    this.#set("lid", "transform", `translate(0 ${24 * (arkit.get("eyeBlinkLeft") ?? 0)})`);
    const up = 9 * (arkit.get("browInnerUp") ?? 0) - 7 * (arkit.get("browDownLeft") ?? 0);
    const outer = 9 * (arkit.get("browOuterUpLeft") ?? 0) - 3 * (arkit.get("browDownLeft") ?? 0);
    this.#set("brow-left", "d", `M-50 ${-42 - outer} Q-34 ${-52 - outer} -15 ${-45 - up}`);
    this.#set("brow-right", "d", `M50 ${-42 - outer} Q34 ${-52 - outer} 15 ${-45 - up}`);
    this.#mouth(mouthShape(mouth, arkit));
  }

  #mouth({ wide, open, round, smile }) {
    const half = 24 * wide;
    const [top, bottom, corner] = [48 - 4 * open - 3 * round, 49 + 25 * open + 3 * round, 48 - 7 * smile];
    const bend = half * (0.45 + 0.35 * round);
    const path = `M${-half} ${corner} C${-bend} ${top} ${bend} ${top} ${half} ${corner} C${bend} ${bottom} ${-bend} ${bottom} ${-half} ${corner} Z`;
    this.#set("lips", "d", path);
    this.#set("inside", "d", path);
    const teeth = open > 0.08 ? `M${-half * 0.7} ${corner} C${-bend * 0.7} ${top + 1} ${bend * 0.7} ${top + 1} ${half * 0.7} ${corner} Q0 ${corner + 6} ${-half * 0.7} ${corner} Z` : "";
    this.#set("teeth", "d", teeth);
    const low = corner + (bottom - corner) * 0.72;
    this.#set("tongue", "d", open > 0.3 ? `M${-half * 0.45} ${low} Q0 ${low - 9 * open} ${half * 0.45} ${low} Q0 ${low + 5} ${-half * 0.45} ${low} Z` : "");
  }

  weights() {
    return Object.fromEntries(Object.entries(this.#shown).map(([name, weight]) => [`viseme_${name}`, weight]));
  }

  figures() {
    return { fps: this.#fps.value, pixel_ratio: 1 };
  }

  /** @returns {{yaw: number, pitch: number} | null} nobody walks around a drawing. */
  userDirection() {
    return null;
  }

  /** @param {((nowMs: number) => void) | null} callback for every picture. */
  loop(callback) {
    this.#callback = callback;
    if (callback && !this.#isAsked) this.#ask();
  }

  #ask() {
    this.#isAsked = true;
    requestAnimationFrame((nowMs) => {
      this.#isAsked = false;
      if (!this.#callback) return;
      this.#callback(nowMs);
      if (!this.#isAsked) this.#ask();
    });
  }

  close() {
    this.loop(null);
    this.box.hidden = true;
    this.box.textContent = "";
  }
}
