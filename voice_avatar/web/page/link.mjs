// The connection, as the user sees it.

import { byId } from "./dom.mjs";
import { hideNotice, noticeIsAbout, showNotice } from "./notice.mjs";
import { closeHelp, STATES } from "./words.mjs";

/** Waits that are shorter pass without a word, ms. */
const SHORT_MS = 900;
const ABOUT = "connection";

export class Link {
  #page;

  /** @param {import("./main.mjs").Page} page */
  constructor(page) {
    this.#page = page;
    const { client } = page;
    client.addEventListener("connection", (event) => this.#changed(/** @type {CustomEvent} */ (event).detail));
    client.addEventListener("session.ready", () => noticeIsAbout(ABOUT) && hideNotice());
    addEventListener("online", () => {
      if (client.connectionState === "waiting") this.#again();
    });
  }

  /** @param {"off" | "connecting" | "open"} link @param {string} text */
  show(link, text) {
    document.documentElement.dataset.link = link;
    byId("state-text").textContent = text;
  }

  /** Tries now rather than after the wait. */
  #again() {
    void this.#page.client.start({ microphone: false });
  }

  /** @param {import("../client/session/connection.mjs").Status} status */
  #changed({ state, waitMs, code, isResuming }) {
    this.#page.log.add("page", { type: "connection", state, code });
    switch (state) {
      case "live":
        this.show("open", STATES[document.documentElement.dataset.state ?? ""] ?? "Ready");
        break;
      case "connecting":
      case "greeting":
        this.show("connecting", isResuming ? "Reconnecting…" : "Connecting…");
        break;
      case "waiting":
        this.show("connecting", waitMs < SHORT_MS ? "Reconnecting…" : `Trying again in ${Math.round(waitMs / 1000)} s…`);
        if (!isResuming && waitMs > SHORT_MS) showNotice(closeHelp(code), () => this.#again(), ABOUT);
        break;
      case "ended":
        this.show("off", "Disconnected");
        showNotice(closeHelp(code), () => void this.#page.controls.start(this.#page.client.input.isOpen), ABOUT);
        break;
      default:
    }
  }
}
