// A message in the middle of the stage: what went wrong and what to do.

import { byId, make } from "./dom.mjs";

/**
 * @param {import("./words.mjs").Help} help
 * @param {() => void} retry
 * @param {string} [about] what it is about, so that it can go when that is over.
 */
export function showNotice({ title, text, steps }, retry, about = "") {
  byId("notice-title").textContent = title;
  byId("notice-text").textContent = text;
  byId("notice-steps").replaceChildren(...steps.map((step) => make("li", {}, step)));
  byId("notice-retry").onclick = () => {
    hideNotice();
    retry();
  };
  byId("notice").dataset.about = about;
  byId("notice").hidden = false;
}

/** @param {string} about */
export const noticeIsAbout = (about) => byId("notice").dataset.about === about;

export function hideNotice() {
  byId("notice").hidden = true;
}
