// How long the user waits: from the end of what they say to the first sound of the reply. Pure.

/** Voice-to-voice latency, as the user has it. */
export class TurnLatency {
  /** @type {number | null} */
  #stoppedMs = null;
  #turnId = 0;
  #replyId = 0;

  /**
   * The user stopped speaking.
   * @param {number | null} atMs on the client's clock; null = not known any more.
   */
  speechStopped(atMs) {
    this.#stoppedMs = atMs;
  }

  /**
   * A turn ended.
   * @param {number} turnId
   * @param {string} reason a typed turn has no voice to measure from.
   */
  turnEnded(turnId, reason) {
    this.#turnId = turnId;
    if (reason === "text" || reason === "commit") this.#stoppedMs = null;
  }

  /**
   * @param {number} replyId
   * @param {number} turnId the turn that it answers.
   */
  replyStarted(replyId, turnId) {
    this.#replyId = turnId && turnId === this.#turnId ? replyId : 0;
  }

  /**
   * The first sample of a reply is heard. Returns the latency, once for each reply; null = there is
   * none to tell.
   * @param {number} replyId
   * @param {number} atMs
   */
  heard(replyId, atMs) {
    if (replyId !== this.#replyId || this.#stoppedMs === null) return null;
    const ms = atMs - this.#stoppedMs;
    this.#stoppedMs = null;
    this.#replyId = 0;
    return ms;
  }
}
