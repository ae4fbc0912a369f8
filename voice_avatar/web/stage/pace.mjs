// How finely to draw: coarser while pictures come too slowly. Pure.

/** Below so many pictures a second it is drawn more coarsely, above so many more finely. */
const SLOW_FPS = 24;
const FAST_FPS = 54;
/** Pictures between two decisions; fewer, if they took so long, s. */
const SPAN = 30;
const FEWEST = 5;
const SPAN_S = 1.5;
const COARSEST = 0.4;
/** A picture that took longer than this was not drawn slowly: the page was asleep, s. */
const ASLEEP_S = 3;

export class Pace {
  #pictures = 0;
  #tookS = 0;

  /**
   * @param {number} finest pixels of the picture per pixel of the page.
   * @param {number} first what it begins with.
   */
  constructor(finest, first = finest) {
    this.finest = finest;
    this.ratio = first;
    this.fps = 0;
  }

  /**
   * One picture took so long.
   *
   * @param {number} spanS since the one before.
   * @returns {boolean} whether `ratio` is another now.
   */
  took(spanS) {
    if (spanS <= 0 || spanS > ASLEEP_S) return false;
    this.#pictures += 1;
    this.#tookS += spanS;
    if (this.#pictures >= FEWEST) this.fps = this.#pictures / this.#tookS;
    if (this.#pictures < SPAN && (this.#pictures < FEWEST || this.#tookS < SPAN_S)) return false;
    this.#pictures = this.#tookS = 0;
    const before = this.ratio;
    if (this.fps < SLOW_FPS) this.ratio = Math.max(Math.min(COARSEST, this.finest), before * 0.75);
    else if (this.fps > FAST_FPS) this.ratio = Math.min(this.finest, before * 1.25);
    return this.ratio !== before;
  }
}
