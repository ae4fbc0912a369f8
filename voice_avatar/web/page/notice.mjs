// A message in the middle of the stage: what went wrong and what to do.

import { byId, make } from "./dom.mjs";

/**
 * @param {import("./words.mjs").Help} help
 * @param {(() => void) | null} retry
 */
export function showNotice({ title, text, steps }, retry) {
  byId("notice-title").textContent = title;
  byId("notice-text").textContent = text;
  byId("notice-steps").replaceChildren(...steps.map((step) => make("li", {}, step)));
  byId("notice-retry").hidden = retry === null;
  byId("notice-retry").onclick = () => {
    hideNotice();
    retry();
  };
  byId("notice").hidden = false;
}

export function hideNotice() {
  byId("notice").hidden = true;
}
