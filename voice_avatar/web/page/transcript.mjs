// What both said, line by line, and the caption on the stage.

import { announce, byId, make } from "./dom.mjs";
import { nearCaption, sameLook, spansOf } from "./spans.mjs";

const spanned = (/** @type {import("./spans.mjs").Caption} */ caption) => spansOf(caption).map(({ text, look }) => make("span", { class: look }, text));

/** Lines that are kept: a long talk must not fill the page. */
const MOST_LINES = 300;

export class Transcript {
  #lines = byId("lines");
  #caption = byId("caption");
  /** @type {Map<number, HTMLElement>} */
  #turns = new Map();
  /** @type {Map<number, HTMLElement>} */
  #replies = new Map();
  /** @type {{id: number, caption: import("./spans.mjs").Caption} | null} */
  #last = null;
  #captionUntil = 0;

  /**
   * What the user says or has said.
   *
   * @param {number} turnId
   * @param {string} text "" = it was nothing.
   * @param {{isFinal: boolean, stableChars?: number}} how
   */
  heard(turnId, text, { isFinal, stableChars = 0 }) {
    let line = this.#turns.get(turnId);
    if (!text) {
      line?.remove();
      this.#turns.delete(turnId);
      return;
    }
    if (!line) {
      line = this.#add("li", "line you interim");
      line.dataset.turn = String(turnId);
      this.#turns.set(turnId, line);
    }
    const chars = [...text];
    const stable = isFinal ? chars.length : stableChars;
    line.classList.toggle("interim", !isFinal);
    line.replaceChildren(chars.slice(0, stable).join(""), make("span", { class: "unsure" }, chars.slice(stable).join("")));
    this.#scroll();
    if (isFinal) announce(`You: ${text}`);
  }

  /** Something that is neither's. @param {string} text */
  note(text) {
    this.#add("li", "line note").textContent = text;
    announce(text);
    this.#scroll();
  }

  /**
   * The avatar's words with the one that is heard.
   *
   * @param {number} replyId
   * @param {import("./spans.mjs").Caption} caption
   * @param {number} nowMs
   */
  spoken(replyId, caption, nowMs) {
    if (!caption.text || (this.#last?.id === replyId && sameLook(this.#last.caption, caption))) {
      if (this.#captionUntil && nowMs > this.#captionUntil) this.#clearCaption();
      return;
    }
    this.#last = { id: replyId, caption };
    let line = this.#replies.get(replyId);
    if (!line) {
      line = this.#add("li", "line avatar");
      line.dataset.reply = String(replyId);
      this.#replies.set(replyId, line);
    }
    line.replaceChildren(...spanned(caption));
    this.#scroll();
    if (caption.spokenTo > 0 || caption.struckFrom !== null) this.#caption.replaceChildren(...spanned(nearCaption(caption)));
    this.#captionUntil = nowMs + 3500;
  }

  /** The reply is over: what was heard of it is read out, and stays. @param {number} replyId @param {string} spokenText @param {string} status */
  over(replyId, spokenText, status) {
    const line = this.#replies.get(replyId);
    line?.classList.add("over");
    if (line && status !== "completed") line.append(make("span", { class: "when" }, status === "interrupted" ? "interrupted" : "failed"));
    if (spokenText) announce(`Avatar: ${spokenText}`);
  }

  #clearCaption() {
    this.#caption.replaceChildren();
    this.#captionUntil = 0;
  }

  /** @param {string} tag @param {string} className */
  #add(tag, className) {
    byId("lines-empty").hidden = true;
    const line = make(tag, { class: className });
    this.#lines.append(line);
    while (this.#lines.childElementCount > MOST_LINES) this.#lines.firstElementChild?.remove();
    return line;
  }

  /** A new session counts its turns and replies anew. */
  forgetIds() {
    this.#turns.clear();
    this.#replies.clear();
    this.#last = null;
  }

  /** Follows the talk unless the user has scrolled up to read. */
  #scroll() {
    const box = this.#lines;
    if (box.scrollHeight - box.scrollTop - box.clientHeight < 160) box.scrollTop = box.scrollHeight;
  }
}
