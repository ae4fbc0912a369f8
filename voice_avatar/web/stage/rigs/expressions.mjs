// Expressions on faces that have not ARKit's shapes: in those of a VRM, or in what their maker gave them.

/** Expressions of the server in those that every VRM has. */
const FACES = {
  happy: { happy: 1 }, sad: { sad: 1 }, angry: { angry: 1 }, surprised: { surprised: 1 }, relaxed: { relaxed: 1 },
  fearful: { surprised: 0.6, sad: 0.4 }, disgusted: { angry: 0.6 }, smile: { happy: 0.5 }, brow_raise: { surprised: 0.3 }, brow_frown: { angry: 0.3 },
};

/** The visemes in the five mouth expressions that every VRM has. */
export const IN_VRM = {
  FF: { ih: 0.15 }, TH: { aa: 0.2 }, DD: { ih: 0.35 }, kk: { ih: 0.3 }, CH: { ou: 0.4 }, SS: { ih: 0.35 },
  nn: { ih: 0.25 }, RR: { ou: 0.35 }, aa: { aa: 1 }, E: { ee: 1 }, I: { ih: 1 }, O: { oh: 1 }, U: { ou: 1 },
};

/**
 * Shows expressions and blinks by the expressions of a VRM.
 *
 * @param {any} manager of three-vrm.
 * @param {Map<string, number>} expressions
 * @param {Map<string, number>} arkit
 */
export function showExpressions(manager, expressions, arkit) {
  const sums = { happy: 0, sad: 0, angry: 0, surprised: 0, relaxed: 0 };
  for (const [name, weight] of expressions) {
    for (const [own, part] of Object.entries(FACES[name] ?? {})) sums[own] = Math.min(1, sums[own] + weight * part);
  }
  for (const [name, weight] of Object.entries(sums)) manager.setValue(name, weight);
  manager.setValue("blink", Math.max(arkit.get("eyeBlinkLeft") ?? 0, arkit.get("eyeBlinkRight") ?? 0));
}

/**
 * The weights of a model's own shapes for expressions; of those that show the same, the strongest.
 *
 * @param {Map<string, Record<string, number>>} table `expressions` of `readShapes`.
 * @param {Map<string, number>} expressions
 * @returns {Map<string, number>}
 */
export function expressionWeights(table, expressions) {
  const weights = new Map();
  for (const [name, much] of expressions) {
    for (const [own, part] of Object.entries(table.get(name) ?? {})) weights.set(own, Math.max(weights.get(own) ?? 0, part * much));
  }
  return weights;
}
