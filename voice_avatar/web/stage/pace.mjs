// How finely to draw: coarser while pictures come too slowly. Pure.

/** Below so many pictures a second it is drawn more coarsely, above so many more finely. */
const SLOW_FPS = 24;
const FAST_FPS = 54;
/** Pictures between two decisions. */
const SPAN = 40;
const COARSEST = 0.5;

export class Pace {
  #spans = [];
  #since = 0;

  /** @param {number} finest pixels of the picture per pixel of the page. */
  constructor(finest) {
    this.finest = finest;
    this.ratio = finest;
    this.fps = 0;
  }

  /**
   * One picture took so long.
   *
   * @param {number} spanS since the one before.
   * @returns {boolean} whether `ratio` is another now.
   */
  took(spanS) {
    if (spanS <= 0) return false;
    this.#spans.push(spanS);
    if (this.#spans.length > SPAN) this.#spans.shift();
    this.#since += 1;
    this.fps = this.#spans.length / this.#spans.reduce((sum, span) => sum + span, 0);
    if (this.#since < SPAN) return false;
    this.#since = 0;
    const before = this.ratio;
    if (this.fps < SLOW_FPS) this.ratio = Math.max(Math.min(COARSEST, this.finest), before * 0.75);
    else if (this.fps > FAST_FPS) this.ratio = Math.min(this.finest, before * 1.25);
    return this.ratio !== before;
  }
}
