// How our own avatars take the light: skin that glows where it turns into shadow, hair with a band of light, eyes
// with a window in them. One short program instead of physical rendering, which costs a quarter of it without a
// graphics card. A material of the builder says what it is made of (`extras.surface`); other models are left alone.

/** What a surface does with light: `wrap` how far light reaches round (red, green, blue), `gloss` a highlight's strength
 * and `tight` its exponent, `fuzz` light on fibres seen from the side, `rim` the share of the lights behind. */
const SURFACES = {
  skin: { wrap: [0.5, 0.26, 0.2], gloss: 0.16, tight: 22, fuzz: 0.0, rim: 0.55 },
  cloth: { wrap: [0.3, 0.3, 0.3], gloss: 0.0, tight: 8, fuzz: 0.55, rim: 0.5 },
  hair: { wrap: [0.35, 0.35, 0.35], gloss: 0.5, tight: 34, fuzz: 0.0, rim: 0.9, along: true },
  curls: { wrap: [0.5, 0.5, 0.5], gloss: 0.05, tight: 12, fuzz: 0.3, rim: 0.8 },
  eye: { wrap: [0.65, 0.6, 0.6], gloss: 0.0, tight: 60, fuzz: 0.0, rim: 0.0, window: true },
  mouth: { wrap: [0.5, 0.4, 0.4], gloss: 0.12, tight: 40, fuzz: 0.0, rim: 0.0 },
  lash: { wrap: [0.3, 0.3, 0.3], gloss: 0.0, tight: 1, fuzz: 0.0, rim: 0.0 },
  plain: { wrap: [0.25, 0.25, 0.25], gloss: 0.08, tight: 20, fuzz: 0.0, rim: 0.4 },
};

const triple = (values) => `vec3(${values.map((value) => value.toFixed(3)).join(", ")})`;

/** The program's part that lights one point; it stands where three lights a physical surface. */
const lit = ({ wrap, gloss, tight, fuzz, rim, along, window: hasWindow }) => /* glsl */ `
  vec3 eyeward = normalize(vViewPosition);
  vec3 up = normalize(viewMatrix[1].xyz);
  vec3 keyward = directionalLights[0].direction;
  const vec3 wrap = ${triple(wrap)};
  float facing = dot(normal, keyward);
  // Light reaches round, red the furthest: a shadow's edge is soft and warm.
  vec3 reach = clamp((facing + wrap) / (1.0 + wrap), 0.0, 1.0);
  vec3 light = directionalLights[0].color * reach * reach;
  float fill = clamp(dot(normal, directionalLights[1].direction) * 0.6 + 0.4, 0.0, 1.0);
  light += directionalLights[1].color * fill;
  light += mix(hemisphereLights[0].groundColor, hemisphereLights[0].skyColor, dot(normal, up) * 0.5 + 0.5);
  float open = USE_OPEN;
  float grazing = 1.0 - clamp(dot(normal, eyeward), 0.0, 1.0);
  float grazing3 = grazing * grazing * grazing;
  vec3 behind = directionalLights[2].color * clamp(dot(normal, directionalLights[2].direction), 0.0, 1.0)
    + directionalLights[3].color * clamp(dot(normal, directionalLights[3].direction), 0.0, 1.0);
  vec3 shine = behind * (${rim.toFixed(2)} * grazing3 * open);
  ${gloss ? /* glsl */ `
  vec3 middle = normalize(keyward + eyeward);
  ${along ? /* glsl */ `
  vec3 strand = normalize(up - normal * dot(normal, up));
  float across = dot(strand, normalize(middle + 0.25 * normal));
  float bright = pow(max(0.0, 1.0 - across * across), ${tight.toFixed(1)}) * (0.3 + 0.7 * clamp(facing + 0.3, 0.0, 1.0));
  shine += diffuseColor.rgb * 2.0 * bright * ${gloss.toFixed(3)} * open;` : /* glsl */ `
  float bright = pow(clamp(dot(normal, middle), 0.0, 1.0), ${tight.toFixed(1)});
  shine += directionalLights[0].color * (bright * open * ${gloss.toFixed(3)} * (0.35 + 2.0 * grazing3));`}` : ""}
  ${fuzz ? `light += (${fuzz.toFixed(2)} * grazing3) * (directionalLights[1].color + hemisphereLights[0].skyColor);` : ""}
  vec3 shown = diffuseColor.rgb * light * 0.3183 + shine * 0.3183;
  ${hasWindow ? /* glsl */ `
  // What shines in an eye is a window beside the user, wherever the lamps stand.
  vec3 mirrored = reflect(-eyeward, normal);
  vec3 side = normalize(cross(up, vec3(0.0, 0.0, 1.0)));
  float a = dot(mirrored, side) + 0.34, b = dot(mirrored, up) - 0.31;
  float pane = smoothstep(0.17, 0.09, abs(a)) * smoothstep(0.21, 0.12, abs(b)) * step(0.0, mirrored.z);
  float low = smoothstep(0.94, 1.0, dot(mirrored, normalize(side * 0.5 - up * 0.35 + vec3(0.0, 0.0, 0.8))));
  shown += vec3(0.95, 0.97, 1.0) * (0.8 * pane + 0.025 * low);` : ""}
  // A shoulder for what is brighter than white.
  shown = shown * (1.0 + 0.25 * shown) / (1.0 + 0.55 * shown);
  reflectedLight.directDiffuse = shown;
`;

/** Linear light in sRGB by three roots, within 1/255 of the standard's power and much cheaper without a graphics card. */
const IN_SRGB = /* glsl */ `
  vec3 root = sqrt(clamp(gl_FragColor.rgb, 0.0, 1.0));
  vec3 fourth = sqrt(root);
  gl_FragColor.rgb = clamp(0.662002687 * root + 0.684122060 * fourth - 0.323583601 * sqrt(fourth) - 0.0225411470 * gl_FragColor.rgb, 0.0, 1.0);
`;

const DROPPED = ["lights_physical_pars_fragment", "lights_physical_fragment", "lights_fragment_maps", "lights_fragment_end", "aomap_fragment", "transmission_pars_fragment", "transmission_fragment"];

/**
 * Gives a material of ours its light.
 *
 * @param {any} material
 * @returns {boolean} whether it says what it is made of.
 */
export function dress(material) {
  const name = material.userData.surface;
  const surface = SURFACES[name];
  if (!surface) return false;
  material.toneMapped = false;
  material.onBeforeCompile = (shader) => {
    let text = shader.fragmentShader;
    for (const chunk of DROPPED) text = text.replace(`#include <${chunk}>`, "");
    text = text.replace("#include <lights_fragment_begin>", lit(surface));
    if (shader.outputColorSpace === "srgb") text = text.replace("#include <colorspace_fragment>", IN_SRGB);
    // How open a place is to light is in the vertices' colours, where there are any.
    text = text.replace("USE_OPEN", material.vertexColors ? "vColor.g" : "1.0");
    shader.fragmentShader = text;
  };
  material.customProgramCacheKey = () => `surface ${name}`;
  return true;
}

/** Three's name for drawing the outside only. */
const OUTSIDE = 0;

/** Leaves out what costs much without a graphics card: a lock's inner side, and textures mixed from two sizes. */
export function simplify(material) {
  if (material.userData.surface === "hair") material.side = OUTSIDE;
  if (!material.map || material.transparent) return;
  material.map.minFilter = material.map.magFilter;
  material.map.generateMipmaps = false;
}
