// Names of mouth and face shapes, by index. PROTOCOL.md, section 10.

/** OpenXR's and Oculus' 15 visemes. */
export const OVR15 = Object.freeze(
  "sil PP FF TH DD kk CH SS nn RR aa E I O U".split(" "),
);

/** ARKit's 52 blend shapes, in the order of dense face frames. */
export const ARKIT52 = Object.freeze(
  (
    "eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft " +
    "eyeWideLeft eyeBlinkRight eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight " +
    "eyeSquintRight eyeWideRight jawForward jawLeft jawRight jawOpen mouthClose mouthFunnel " +
    "mouthPucker mouthLeft mouthRight mouthSmileLeft mouthSmileRight mouthFrownLeft " +
    "mouthFrownRight mouthDimpleLeft mouthDimpleRight mouthStretchLeft mouthStretchRight " +
    "mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthPressLeft " +
    "mouthPressRight mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft mouthUpperUpRight " +
    "browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff " +
    "cheekSquintLeft cheekSquintRight noseSneerLeft noseSneerRight tongueOut"
  ).split(" "),
);

/** Mouth expressions of VRM 1.0. */
export const VRM5 = Object.freeze("aa ih ou ee oh".split(" "));

/** Which shapes open the mouth where only its loudness is known, by set: name and full weight. */
export const OPEN_SHAPE = Object.freeze({
  ovr15: Object.freeze({ index: OVR15.indexOf("aa"), weight: 0.8 }),
  arkit52: Object.freeze({ index: ARKIT52.indexOf("jawOpen"), weight: 0.5 }),
  vrm5: Object.freeze({ index: VRM5.indexOf("aa"), weight: 0.8 }),
  azure22: Object.freeze({ index: 2, weight: 0.8 }),
});
