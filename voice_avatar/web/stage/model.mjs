// A VRM or any other rigged GLB in three.js: what it has, and setting its bones and shapes.

import { Box3, BufferAttribute, GLTFLoader, Group, Quaternion, Vector3, VRMLoaderPlugin, VRMUtils } from "../vendor/three_vrm.mjs";
import { mapModel, mouthWeights, plainShapes } from "./mapping.mjs";
import { floats, unskin } from "./meshes.mjs";
import { dress, simplify } from "./surfaces.mjs";
import { hangOnBones, heights, showAbove } from "./thrift.mjs";

const scratch = new Quaternion();
const euler = new Quaternion();

export class Model {
  /** @type {Map<string, {node: any, parent: any, rest: any, turned?: any}>} quaternions of the node's parent and at rest; null in a VRM. */
  #bones = new Map();
  /** @type {Map<string, [Float32Array, number][]>} */
  #targets = new Map();
  /** @type {import("./morphs.mjs").SparseMorphs[]} */
  #morphs = [];
  /** @type {Map<object, number>} */
  #tops = new Map();
  /** @type {any[]} */
  #meshes = [];
  #eyeHeight = 0;
  /** @type {any} what other people's names mean; null where they are ours. */
  #rigs = null;
  /** Whether its materials say what they are made of. */
  isDressed = false;
  /** @type {any} what it stands on, which may be moved. */
  root = new Group();
  map = mapModel({ arkit: new Map(), direct: [], visemes: new Map(), expressions: new Map(), rig: "" }, null, []);
  /** @type {Set<string>} shapes that are ours to set; others stay as their file has them. */
  #driven = new Set();

  /**
   * @param {ArrayBuffer} file
   * @param {boolean} isSlow whether pictures are made without a graphics card.
   * @returns {Promise<Model>}
   * @throws {Error} if it is no glTF.
   */
  static async read(file, isSlow = false) {
    const loader = new GLTFLoader();
    loader.register((parser) => new VRMLoaderPlugin(parser));
    const said = descriptionOf(file);
    if (/_meshopt_compression|KHR_draco/.test(said)) await (await import("./decoders.mjs")).addDecoders(loader, said);
    const gltf = await loader.parseAsync(file, "");
    const model = new Model(gltf);
    await model.#know(gltf);
    if (isSlow) await model.#beThrifty();
    return model;
  }

  constructor(gltf) {
    this.vrm = gltf.userData.vrm ?? null;
    if (this.vrm) {
      VRMUtils.rotateVRM0(this.vrm);
      if (this.vrm.lookAt) this.vrm.lookAt.target = null;
    }
    unskin(gltf.scene);
    gltf.scene.traverse((node) => this.#take(node));
    this.name = this.vrm?.meta?.name ?? this.vrm?.meta?.title ?? "";
  }

  /** Finds out what it has; the file's own bytes are not kept. What is only wanted for other people's models is fetched for them. */
  async #know(gltf) {
    const names = [...this.#targets.keys()];
    const plain = plainShapes(names);
    this.#rigs = plain ? null : await import("./rigs/shapes.mjs");
    const shapes = plain ?? this.#rigs.readShapes(names);
    if (this.vrm) this.root.add(this.vrm.scene);
    const stood = this.vrm ? null : (await import("./standing.mjs")).stand(gltf, shapes.arkit);
    if (stood) [this.root, this.#eyeHeight] = [stood.root, stood.eyeHeight];
    this.root.updateMatrixWorld(true);
    this.#tops = heights(this.root);
    hangOnBones(this.root);
    for (const [bone, node] of stood?.bones ?? []) this.#bones.set(bone, { node, parent: node.parent.getWorldQuaternion(new Quaternion()), rest: node.quaternion.clone() });
    if (this.vrm) this.#takeHumanBones();
    const hasMouths = this.vrm?.expressionManager?.expressions.some((one) => one.expressionName === "aa");
    this.map = mapModel(shapes, hasMouths && this.#rigs ? this.#rigs.IN_VRM : null, [...this.#bones.keys()]);
    for (const weights of [...this.map.visemes.values(), ...this.map.expressions.values()]) for (const own of Object.keys(weights)) this.#driven.add(own);
    for (const own of [...this.map.arkit.values()].flat()) this.#driven.add(own);
    if (this.vrm) this.#eyeHeight = this.#humanEyes();
  }

  #take(node) {
    node.frustumCulled = false;
    if (!node.isMesh) return;
    this.#meshes.push(node);
    node.castShadow = node.receiveShadow = true;
    for (const material of [node.material].flat()) this.isDressed = dress(material) || this.isDressed;
    for (const [name, index] of Object.entries(node.morphTargetDictionary ?? {})) {
      this.#targets.set(name, [...(this.#targets.get(name) ?? []), [node.morphTargetInfluences, index]]);
    }
  }

  async #beThrifty() {
    const { takeOver } = await import("./morphs.mjs");
    for (const mesh of this.#meshes) for (const material of [mesh.material].flat()) simplify(material);
    this.#morphs = takeOver(this.#meshes, floats, (values) => new BufferAttribute(values, 3));
  }

  #takeHumanBones() {
    const human = this.vrm.humanoid;
    for (const bone of Object.keys(human?.humanBones ?? {})) {
      const node = human.getNormalizedBoneNode(bone);
      if (node) this.#bones.set(bone, { node, parent: null, rest: null });
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
    return this.#eyeHeight;
  }

  #humanEyes() {
    const eye = this.place("leftEye");
    if (eye) return eye.y;
    const head = this.place("head");
    if (head) return head.y + 0.08;
    return new Box3().setFromObject(this.root).max.y - 0.12;
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
    if (manager && this.map.arkit.size < 10) this.#rigs.showExpressions(manager, expressions, arkit);
    if (manager && this.map.mouth === "expressions") for (const name of ["aa", "ih", "ou", "ee", "oh"]) manager.setValue(name, weights.get(name) ?? 0);
    this.vrm?.update(dtS); // writes its expressions' shapes, so that ours come after it
    if (!manager || this.map.arkit.size >= 10 || this.map.mouth === "shapes") this.#setShapes(weights, arkit, manager ? new Map() : expressions);
    for (const morphs of this.#morphs) morphs.apply();
  }

  #setShapes(weights, arkit, expressions) {
    const isKnown = this.map.arkit.size >= 10;
    const faces = isKnown ? new Map() : this.#rigs.expressionWeights(this.map.expressions, expressions);
    // A shape that stands for both sides takes what is between theirs.
    const sides = new Map();
    for (const [name, all] of this.map.arkit) for (const own of all) sides.set(own, [...(sides.get(own) ?? []), arkit.get(name) ?? 0]);
    for (const [own, parts] of sides) faces.set(own, Math.max(faces.get(own) ?? 0, parts.reduce((sum, part) => sum + part, 0) / parts.length));
    for (const name of this.#driven) {
      const weight = Math.max(0, Math.min(1, (weights.get(name) ?? 0) + (faces.get(name) ?? 0)));
      for (const [influences, index] of this.#targets.get(name) ?? []) influences[index] = weight;
    }
  }

  /** Leaves out what is lower than the picture. @param {number} lowestM */
  showAbove(lowestM) {
    showAbove(this.#tops, lowestM);
  }

  /** What was found and what is missing, for a person. */
  report() {
    return { kind: this.vrm ? `VRM ${this.vrm.meta?.metaVersion === "0" ? "0.x" : "1.0"}` : "GLB", name: this.name, mouth: this.map.mouth, rig: this.map.rig, found: this.map.found, missing: this.map.missing };
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

/** What a binary glTF says of itself; "" if it is none. @param {ArrayBuffer} file */
function descriptionOf(file) {
  const length = file.byteLength >= 20 ? new DataView(file).getUint32(12, true) : 0;
  return 20 + length <= file.byteLength ? new TextDecoder().decode(new Uint8Array(file, 20, length)) : "";
}
