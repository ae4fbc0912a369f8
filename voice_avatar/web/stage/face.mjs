// The server's expressions in ARKit's shapes, as `data/faces/face.toml` has them for dense face frames. Pure.

/** Weights at intensity 1; each name stands for both sides where it has sides. */
const SHAPES = {
  happy: { mouthSmile: 0.62, mouthUpperUp: 0.5, mouthLowerDown: 0.35, mouthDimple: 0.05, cheekSquint: 0.55, eyeSquint: 0.2, browOuterUp: 0.1 },
  sad: { browInnerUp: 0.75, browDown: 0.15, mouthFrown: 0.55, mouthShrugLower: 0.25, eyeSquint: 0.1 },
  angry: { browDown: 0.8, eyeSquint: 0.4, eyeWide: 0.15, noseSneer: 0.2, mouthPress: 0.35, mouthFrown: 0.2 },
  surprised: { browInnerUp: 0.75, browOuterUp: 0.75, eyeWide: 0.6, jawOpen: 0.25 },
  relaxed: { mouthSmile: 0.25, eyeSquint: 0.12, cheekSquint: 0.1 },
  fearful: { browInnerUp: 0.85, browOuterUp: 0.4, browDown: 0.25, eyeWide: 0.6, mouthStretch: 0.45, jawOpen: 0.12 },
  disgusted: { noseSneer: 0.7, mouthUpperUp: 0.4, mouthFrown: 0.3, browDown: 0.4, eyeSquint: 0.3 },
  smile: { mouthSmile: 0.6, mouthDimple: 0.1, cheekSquint: 0.25 },
  brow_raise: { browInnerUp: 0.7, browOuterUp: 0.7 },
  brow_frown: { browDown: 0.7, eyeSquint: 0.15 },
};

const ONE_SIDED = new Set(["browInnerUp", "jawOpen", "mouthShrugLower"]);
const CLOSED = { PP: 1, FF: 0.8, SS: 0.7, CH: 0.7 };
/** Share of an expression's mouth that is left while the mouth speaks, and how open that is. */
const SPEAKING = 0.4;
const OPEN = 0.1;

/**
 * @param {Map<string, number>} expressions name to intensity, 0..1.
 * @param {Object<string, number>} mouth weights of the visemes: lips that have to meet stay together.
 * @returns {Map<string, number>} ARKit's names to weights.
 */
export function expressionShapes(expressions, mouth) {
  let open = 0;
  let closed = 0;
  for (const [viseme, weight] of Object.entries(mouth)) {
    if (viseme !== "sil") open += weight;
    closed = Math.max(closed, weight * (CLOSED[viseme] ?? 0));
  }
  const left = (1 - (1 - SPEAKING) * Math.min(1, open / OPEN)) * (1 - closed);
  const weights = new Map();
  for (const [expression, intensity] of expressions) {
    for (const [shape, weight] of Object.entries(SHAPES[expression] ?? {})) {
      const much = weight * intensity * (/^(mouth|jaw)/.test(shape) ? left : 1);
      for (const name of ONE_SIDED.has(shape) ? [shape] : [`${shape}Left`, `${shape}Right`]) weights.set(name, Math.min(1, (weights.get(name) ?? 0) + much));
    }
  }
  return weights;
}

/** Turns of the eyes, in degrees to the avatar's left and up, as ARKit's eight shapes; 30 degrees is weight 1. */
export function lookShapes({ yaw, pitch }) {
  const side = Math.min(1, Math.abs(yaw) / 30);
  const height = Math.min(1, Math.abs(pitch) / 30);
  const names = [yaw > 0 ? "eyeLookOutLeft" : "eyeLookInLeft", yaw > 0 ? "eyeLookInRight" : "eyeLookOutRight"];
  const upDown = pitch > 0 ? "eyeLookUp" : "eyeLookDown";
  const sides = /** @type {[string, number][]} */ (names.map((name) => [name, side]));
  return new Map([...sides, [`${upDown}Left`, height], [`${upDown}Right`, height]]);
}
