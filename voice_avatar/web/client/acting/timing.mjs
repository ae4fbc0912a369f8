// Shares and curves that all drivers use. Pure.

/**
 * Returns how much of a stretch has gone by, 0..1; of one without length, all.
 * @param {number} tMs
 * @param {number} fromMs
 * @param {number} toMs
 */
export function share(tMs, fromMs, toMs) {
  if (tMs < fromMs) return 0;
  return tMs >= toMs ? 1 : (tMs - fromMs) / (toMs - fromMs);
}

/**
 * Returns s = 3x² - 2x³: softly from 0 to 1.
 * @param {number} x 0..1.
 */
export const smooth = (x) => x * x * (3 - 2 * x);

/**
 * Returns the value, or the nearest bound.
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
export const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

/**
 * Puts an item into a list that is in order of time, after those of the same time.
 * @template T
 * @param {T[]} items
 * @param {T} item
 * @param {(item: T) => number} timeOf
 */
export function insert(items, item, timeOf) {
  let at = items.length;
  while (at > 0 && timeOf(items[at - 1]) > timeOf(item)) at -= 1;
  items.splice(at, 0, item);
}
