// Which shapes and bones of a model are the ones that we drive. Pure: names in, names out.

import { ARKIT52, OVR15 } from "../client/acting/sets.mjs";

/** Bones without which a model cannot be driven well, by their VRM names. */
export const BONES = [
  "hips", "spine", "chest", "neck", "head", "leftEye", "rightEye", "leftShoulder", "leftUpperArm", "leftLowerArm",
  "leftHand", "rightShoulder", "rightUpperArm", "rightLowerArm", "rightHand",
];

/** A viseme in ARKit's shapes, for models that have those only; `L/R` stands for both sides. */
const OVR_IN_ARKIT = {
  PP: { mouthRollLower: 0.45, mouthRollUpper: 0.35, "mouthPressL/R": 0.5 },
  FF: { mouthRollLower: 0.75, "mouthUpperUpL/R": 0.25, jawOpen: 0.05 },
  TH: { jawOpen: 0.18, tongueOut: 0.55, "mouthLowerDownL/R": 0.2 },
  DD: { jawOpen: 0.14, "mouthLowerDownL/R": 0.3, "mouthUpperUpL/R": 0.1 },
  kk: { jawOpen: 0.2, "mouthLowerDownL/R": 0.2, "mouthStretchL/R": 0.1 },
  CH: { mouthFunnel: 0.55, jawOpen: 0.08, mouthShrugUpper: 0.15 },
  SS: { jawOpen: 0.04, "mouthStretchL/R": 0.3, "mouthLowerDownL/R": 0.35, "mouthUpperUpL/R": 0.15 },
  nn: { jawOpen: 0.16, "mouthLowerDownL/R": 0.2 },
  RR: { mouthFunnel: 0.3, mouthPucker: 0.25, jawOpen: 0.12 },
  aa: { jawOpen: 0.62, "mouthLowerDownL/R": 0.15 },
  E: { jawOpen: 0.35, "mouthStretchL/R": 0.3, "mouthSmileL/R": 0.1 },
  I: { jawOpen: 0.2, "mouthSmileL/R": 0.25, "mouthStretchL/R": 0.25 },
  O: { jawOpen: 0.4, mouthFunnel: 0.55, mouthPucker: 0.15 },
  U: { jawOpen: 0.14, mouthPucker: 0.75, mouthFunnel: 0.2 },
};

/** The same in the five mouth expressions that every VRM has. */
const OVR_IN_VRM = {
  FF: { ih: 0.15 }, TH: { aa: 0.2 }, DD: { ih: 0.35 }, kk: { ih: 0.3 }, CH: { ou: 0.4 }, SS: { ih: 0.35 },
  nn: { ih: 0.25 }, RR: { ou: 0.35 }, aa: { aa: 1 }, E: { ee: 1 }, I: { ih: 1 }, O: { oh: 1 }, U: { ou: 1 },
};

const bothSides = (name) => (name.endsWith("L/R") ? [name.replace("L/R", "Left"), name.replace("L/R", "Right")] : [name]);

/** A shape's name in one form: `blendShape1.Mouth_Smile_L` and `mouthSmileLeft` are the same. */
export function normalName(name) {
  const short = name.slice(name.lastIndexOf(".") + 1);
  const sided = short.replace(/[_ -]?L$/, "Left").replace(/[_ -]?R$/, "Right");
  return (/^(viseme|fcl)_/i.test(short) ? short : sided).replace(/[_ -]/g, "").toLowerCase();
}

/**
 * Finds out how a model shows visemes and ARKit's shapes.
 *
 * @param {string[]} shapes names of the model's morph targets.
 * @param {string[]} expressions names of its VRM expressions.
 * @param {string[]} bones VRM names of its bones.
 * @returns {{arkit: Map<string, string>, visemes: Map<string, Object<string, number>>, mouth: string,
 *   found: object, missing: object}} `arkit`: our name to the model's; `visemes`: for each viseme the weights of the
 *   model's targets that make it up; `mouth`: where these live, `shapes`, `expressions` or `none`.
 */
export function mapModel(shapes, expressions, bones) {
  const byName = new Map(shapes.map((name) => [normalName(name), name]));
  /** @type {Map<string, string>} */
  const arkit = new Map();
  for (const name of ARKIT52) {
    const own = byName.get(normalName(name));
    if (own !== undefined) arkit.set(name, own);
  }
  const visemes = new Map();
  for (const viseme of OVR15) {
    const own = byName.get(`viseme${viseme.toLowerCase()}`);
    if (own) visemes.set(viseme, { [own]: 1 });
    else if (arkit.has("jawOpen") && OVR_IN_ARKIT[viseme]) visemes.set(viseme, inArkit(viseme, arkit));
  }
  let mouth = "shapes";
  if (!visemes.has("aa")) {
    const has = new Set(expressions);
    mouth = has.has("aa") ? "expressions" : "none";
    visemes.clear();
    if (mouth === "expressions") for (const [viseme, weights] of Object.entries(OVR_IN_VRM)) visemes.set(viseme, weights);
  }
  const own = OVR15.filter((name) => byName.has(`viseme${name.toLowerCase()}`));
  return {
    arkit, visemes, mouth,
    found: { visemes: own, arkit: [...arkit.keys()], bones: BONES.filter((name) => bones.includes(name)) },
    missing: {
      visemes: OVR15.filter((name) => !own.includes(name)),
      arkit: ARKIT52.filter((name) => !arkit.has(name)),
      bones: BONES.filter((name) => !bones.includes(name)),
    },
  };
}

function inArkit(viseme, arkit) {
  const weights = {};
  for (const [both, weight] of Object.entries(OVR_IN_ARKIT[viseme])) {
    for (const name of bothSides(both)) if (arkit.has(name)) weights[arkit.get(name)] = weight;
  }
  return weights;
}

/**
 * The weights of a model's own targets for a mouth.
 *
 * @param {Map<string, Object<string, number>>} table `visemes` of `mapModel`.
 * @param {Object<string, number>} mouth weight of each viseme, 0..1.
 * @returns {Map<string, number>}
 */
export function mouthWeights(table, mouth) {
  const weights = new Map();
  for (const [viseme, parts] of table) {
    const much = mouth[viseme] ?? 0;
    for (const [target, part] of Object.entries(parts)) weights.set(target, Math.min(1, (weights.get(target) ?? 0) + much * part));
  }
  return weights;
}
