// All that was sent and received, for a report: JSON lines, kept in this page until they are downloaded.

const MOST = 20000;

export class SessionLog {
  /** @type {string[]} */
  #lines = [];

  /** @param {"in" | "out" | "page"} way @param {Record<string, any>} message its tokens are left out. */
  add(way, message) {
    if (this.#lines.length >= MOST) this.#lines.shift();
    const { auth, resume, ...rest } = message;
    this.#lines.push(JSON.stringify({ at_ms: Math.round(performance.now() * 10) / 10, way, ...rest }));
  }

  get size() {
    return this.#lines.length;
  }

  text() {
    return `${this.#lines.join("\n")}\n`;
  }

  download() {
    const address = URL.createObjectURL(new Blob([this.text()], { type: "application/x-ndjson" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = `voice-avatar-${new Date().toISOString().replace(/[:.]/g, "-")}.jsonl`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }
}
