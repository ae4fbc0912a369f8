// A VRM or any other rigged GLB in three.js: what it has, and setting its bones and shapes.

import { Box3, GLTFLoader, Quaternion, Vector3, VRMLoaderPlugin, VRMUtils } from "../vendor/three_vrm.mjs";
import { mapModel, mouthWeights } from "./mapping.mjs";
import { SparseMorphs } from "./morphs.mjs";
import { dress, simplify } from "./surfaces.mjs";
import { hangOnBones, heights, showAbove } from "./thrift.mjs";

/** Names that bones go by outside VRM: Mixamo's and Ready Player Me's. */
const OTHER_NAMES = {
  hips: "hips", spine: "spine", chest: "spine1", upperChest: "spine2", neck: "neck", head: "head", leftEye: "lefteye", rightEye: "righteye",
  leftShoulder: "leftshoulder", leftUpperArm: "leftarm", leftLowerArm: "leftforearm", leftHand: "lefthand",
  rightShoulder: "rightshoulder", rightUpperArm: "rightarm", rightLowerArm: "rightforearm", rightHand: "righthand",
};

const scratch = new Quaternion();
const euler = new Quaternion();

/** Expressions of the server in those that every VRM has. */
const IN_VRM = {
  happy: { happy: 1 }, sad: { sad: 1 }, angry: { angry: 1 }, surprised: { surprised: 1 }, relaxed: { relaxed: 1 },
  fearful: { surprised: 0.6, sad: 0.4 }, disgusted: { angry: 0.6 }, smile: { happy: 0.5 }, brow_raise: { surprised: 0.3 }, brow_frown: { angry: 0.3 },
};

export class Model {
  /** @type {Map<string, {node: any, parent: any, rest: any, turned?: any}>} quaternions of the node's parent and at rest; null in a VRM. */
  #bones = new Map();
  /** @type {Map<string, [Float32Array, number][]>} */
  #targets = new Map();
  /** @type {SparseMorphs[]} */
  #morphs = [];
  /** @type {Map<object, number>} */
  #tops;
  /** Whether its materials say what they are made of. */
  isDressed = false;

  /**
   * @param {ArrayBuffer} file
   * @param {boolean} isSlow whether pictures are made without a graphics card.
   * @returns {Promise<Model>}
   * @throws {Error} if it is no glTF.
   */
  static async read(file, isSlow = false) {
    const loader = new GLTFLoader();
    loader.register((parser) => new VRMLoaderPlugin(parser));
    const gltf = await loader.parseAsync(file, "");
    const model = new Model(gltf);
    if (isSlow) model.#beThrifty();
    return model;
  }

  constructor(gltf) {
    this.vrm = gltf.userData.vrm ?? null;
    this.root = this.vrm ? this.vrm.scene : gltf.scene;
    if (this.vrm) {
      VRMUtils.rotateVRM0(this.vrm);
      if (this.vrm.lookAt) this.vrm.lookAt.target = null;
    }
    this.root.updateWorldMatrix(true, true);
    this.root.traverse((node) => this.#take(node));
    this.#tops = heights(this.root);
    hangOnBones(this.root);
    this.#findBones();
    const expressions = this.vrm?.expressionManager?.expressions.map((one) => one.expressionName) ?? [];
    this.map = mapModel([...this.#targets.keys()], expressions, [...this.#bones.keys()]);
    this.name = this.vrm?.meta?.name ?? this.vrm?.meta?.title ?? "";
  }

  #take(node) {
    node.frustumCulled = false;
    if (!node.isMesh) return;
    node.castShadow = node.receiveShadow = true;
    for (const material of [node.material].flat()) this.isDressed = dress(material) || this.isDressed;
    for (const [name, index] of Object.entries(node.morphTargetDictionary ?? {})) {
      this.#targets.set(name, [...(this.#targets.get(name) ?? []), [node.morphTargetInfluences, index]]);
    }
  }

  #beThrifty() {
    this.root.traverse((node) => {
      for (const material of [node.material ?? []].flat()) simplify(material);
      if (node.geometry?.morphAttributes.position && node.geometry.morphTargetsRelative) this.#morphs.push(new SparseMorphs(node));
    });
  }

  #findBones() {
    const human = this.vrm?.humanoid;
    if (human) {
      for (const bone of Object.keys(human.humanBones)) {
        const node = human.getNormalizedBoneNode(bone);
        if (node) this.#bones.set(bone, { node, parent: null, rest: null });
      }
      return;
    }
    const byName = new Map();
    this.root.traverse((node) => byName.set(node.name.toLowerCase().replace(/^mixamorig[:_]?/, "").replace(/[_ ]/g, ""), node));
    for (const [bone, other] of Object.entries(OTHER_NAMES)) {
      const node = byName.get(other) ?? byName.get(bone.toLowerCase());
      if (!node) continue;
      this.#bones.set(bone, { node, parent: node.parent.getWorldQuaternion(new Quaternion()), rest: node.quaternion.clone() });
    }
  }

  /** Turns a bone from its place in the T-pose. @param {number[]} turn x, y, z, w, in the axes of the T-pose. */
  turn(bone, turn) {
    const found = this.#bones.get(bone);
    if (!found) return;
    scratch.fromArray(turn);
    this.#set(found, scratch);
  }

  /** Turns a bone further, by degrees about x, y and z. */
  turnMore(bone, x, y, z) {
    const found = this.#bones.get(bone);
    if (!found) return;
    const half = Math.PI / 360;
    const [sx, cx, sy, cy, sz, cz] = [Math.sin(x * half), Math.cos(x * half), Math.sin(y * half), Math.cos(y * half), Math.sin(z * half), Math.cos(z * half)];
    euler.set(sx * cy * cz + cx * sy * sz, cx * sy * cz - sx * cy * sz, cx * cy * sz + sx * sy * cz, cx * cy * cz - sx * sy * sz);
    scratch.copy(found.turned ?? scratch.identity());
    this.#set(found, scratch.multiply(euler));
  }

  #set(found, turn) {
    found.turned = (found.turned ?? new Quaternion()).copy(turn);
    if (!found.parent) found.node.quaternion.copy(turn);
    else found.node.quaternion.copy(found.parent).invert().multiply(turn).multiply(found.parent).multiply(found.rest);
  }

  has(bone) {
    return this.#bones.has(bone);
  }

  /** Where a bone is in the world, or null. */
  place(bone) {
    const node = this.#bones.get(bone)?.node;
    return node ? node.getWorldPosition(new Vector3()) : null;
  }

  /** Height of the eyes above the floor, metres, as far as it can be told. */
  eyeHeight() {
    const eye = this.place("leftEye");
    if (eye) return eye.y;
    const head = this.place("head");
    if (head) return head.y + 0.08;
    const box = new Box3().setFromObject(this.root);
    return box.max.y - 0.12;
  }

  /**
   * Shows a face.
   *
   * @param {number} dtS
   * @param {{mouth: Object<string, number>, arkit: Map<string, number>, expressions: Map<string, number>}} face
   *   weights of the visemes of `ovr15`, of ARKit's shapes, and of expressions, for models without ARKit's shapes.
   */
  show(dtS, { mouth, arkit, expressions }) {
    const weights = mouthWeights(this.map.visemes, mouth);
    const manager = this.vrm?.expressionManager;
    if (manager && this.map.arkit.size < 10) this.#showExpressions(manager, expressions, arkit);
    if (manager && this.map.mouth === "expressions") for (const name of ["aa", "ih", "ou", "ee", "oh"]) manager.setValue(name, weights.get(name) ?? 0);
    this.vrm?.update(dtS); // writes its expressions' shapes, so that ours come after it
    if (this.map.arkit.size >= 10 || this.map.mouth === "shapes") this.#setShapes(weights, arkit);
    for (const morphs of this.#morphs) morphs.apply();
  }

  #setShapes(weights, arkit) {
    for (const [name, weight] of arkit) {
      const own = this.map.arkit.get(name);
      if (own) weights.set(own, (weights.get(own) ?? 0) + weight);
    }
    for (const [name, places] of this.#targets) {
      const weight = Math.max(0, Math.min(1, weights.get(name) ?? 0));
      for (const [influences, index] of places) influences[index] = weight;
    }
  }

  #showExpressions(manager, expressions, arkit) {
    const sums = { happy: 0, sad: 0, angry: 0, surprised: 0, relaxed: 0 };
    for (const [name, weight] of expressions) {
      for (const [own, part] of Object.entries(IN_VRM[name] ?? {})) sums[own] = Math.min(1, sums[own] + weight * part);
    }
    for (const [name, weight] of Object.entries(sums)) manager.setValue(name, weight);
    manager.setValue("blink", Math.max(arkit.get("eyeBlinkLeft") ?? 0, arkit.get("eyeBlinkRight") ?? 0));
  }

  /** Leaves out what is lower than the picture. @param {number} lowestM */
  showAbove(lowestM) {
    showAbove(this.#tops, lowestM);
  }

  /** What was found and what is missing, for a person. */
  report() {
    return { kind: this.vrm ? `VRM ${this.vrm.meta?.metaVersion === "0" ? "0.x" : "1.0"}` : "GLB", name: this.name, mouth: this.map.mouth, found: this.map.found, missing: this.map.missing };
  }

  /** The weight of each of the model's shapes that is not 0, as it is drawn. */
  weights() {
    /** @type {Record<string, number>} */
    const shown = {};
    for (const [name, [[influences, index]]] of this.#targets) if (influences[index] > 0) shown[name] = influences[index];
    if (this.map.mouth === "expressions") for (const name of ["aa", "ih", "ou", "ee", "oh"]) shown[name] = this.vrm.expressionManager.getValue(name) ?? 0;
    return shown;
  }

  dispose() {
    VRMUtils.deepDispose(this.root);
  }
}
