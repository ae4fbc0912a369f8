// Small movements that nobody asks for: of the eyes, and the slow movement of the head. Pure: time and chance come in.

/** Where the eyes are: they jump (about 0.03 s for a small turn), rest, and never stand quite still. */
export class Eyes {
  #yaw = 0;
  #pitch = 0;
  #drift = [0, 0];
  #next = 0;

  constructor(chance = Math.random) {
    this.chance = chance;
  }

  /**
   * @param {number} nowS
   * @param {number} dtS since the last call.
   * @param {{yaw: number, pitch: number}} target degrees; left of the avatar and up are positive.
   * @returns {{yaw: number, pitch: number, jump: number}} `jump`: degrees still to go.
   */
  at(nowS, dtS, target) {
    if (nowS >= this.#next) {
      this.#drift = [(this.chance() - 0.5) * 2.4, (this.chance() - 0.5) * 1.4];
      this.#next = nowS + 0.5 + this.chance() * 1.6;
    }
    const yaw = target.yaw + this.#drift[0];
    const pitch = target.pitch + this.#drift[1];
    const jump = Math.hypot(yaw - this.#yaw, pitch - this.#pitch);
    const part = 1 - Math.exp(-dtS / 0.022);
    this.#yaw += (yaw - this.#yaw) * part;
    this.#pitch += (pitch - this.#pitch) * part;
    return { yaw: this.#yaw, pitch: this.#pitch, jump };
  }
}

/** The head's own slow movement in degrees: three slow waves that never repeat together. */
export function sway(nowS, energy) {
  const much = 0.5 + energy;
  return {
    yaw: much * (1.1 * Math.sin(nowS * 0.61) + 0.6 * Math.sin(nowS * 1.37 + 1)),
    pitch: much * (0.7 * Math.sin(nowS * 0.83 + 2) + 0.3 * Math.sin(nowS * 1.71)),
    roll: much * 0.8 * Math.sin(nowS * 0.47 + 4),
  };
}

/** @type {Record<string, {yaw: number, pitch: number}>} Degrees of a look; `away_side` is to the avatar's left, as the server plans its heads. */
export const LOOKS = {
  user: { yaw: 0, pitch: 0 }, away_side: { yaw: 19, pitch: -3 }, away_up: { yaw: 11, pitch: 14 }, down: { yaw: 4, pitch: -16 },
};

/** Moves a value towards another, `halfS` to half of the way. */
export const approach = (value, to, dtS, halfS) => to + (value - to) * Math.exp((-Math.LN2 * dtS) / halfS);
