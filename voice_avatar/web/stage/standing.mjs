// A model that is no VRM: which of its nodes are bones, and how it is put before the camera. Loaded when there is one.

import { Box3, Group, Matrix4, Quaternion, Vector3 } from "../vendor/three_vrm.mjs";
import { boxOf } from "./meshes.mjs";
import { axesOf, eyesOf, scaleFor, shiftFor } from "./placing.mjs";
import { findBones } from "./rigs/bones.mjs";

/** @typedef {import("./placing.mjs").Triple} Triple */

/**
 * Puts a model before the camera.
 *
 * @param {any} gltf of GLTFLoader.
 * @param {Map<string, string[]>} arkit its shapes by ARKit's names.
 * @returns {{root: any, bones: Map<string, any>, eyeHeight: number}} what it stands on, its bones by VRM's names, and how
 *   high its eyes are, metres.
 */
export function stand(gltf, arkit) {
  gltf.scene.updateMatrixWorld(true);
  const bones = bonesOf(gltf);
  const root = stood(gltf.scene, bones);
  const lids = new Set(["eyeBlinkLeft", "eyeBlinkRight"].flatMap((name) => arkit.get(name) ?? []));
  const eyeHeight = eyesIn(root, bones, lids)?.[1] ?? 1;
  spreadArms(bones);
  root.updateMatrixWorld(true);
  return { root, bones, eyeHeight };
}

/**
 * Lifts arms that rest in an A, or hang, to the T from which all movements go.
 *
 * @param {Map<string, any>} bones
 */
function spreadArms(bones) {
  for (const [side, out] of /** @type {const} */ ([["left", 1], ["right", -1]])) {
    for (const [upper, lower] of [["UpperArm", "LowerArm"], ["LowerArm", "Hand"]]) {
      const [bone, next] = [bones.get(side + upper), bones.get(side + lower)];
      if (!bone || !next || bone === next) continue;
      const way = next.getWorldPosition(new Vector3()).sub(bone.getWorldPosition(new Vector3()));
      if (way.length() < 1e-6) continue;
      const turn = new Quaternion().setFromUnitVectors(way.normalize(), new Vector3(out, 0, 0));
      const above = bone.parent.getWorldQuaternion(new Quaternion());
      bone.quaternion.premultiply(above.clone().invert().multiply(turn).multiply(above));
      bone.updateWorldMatrix(false, true);
    }
  }
}

/** The nodes that are bones, by VRM's names. @returns {Map<string, any>} */
function bonesOf(/** @type {any} */ { scene, parser }) {
  /** @type {any[]} */
  const nodes = [];
  scene.traverse((/** @type {any} */ node) => nodes.push(node));
  const indices = new Map(nodes.map((node, at) => [node, at]));
  const found = findBones(nodes.map((node) => ({ name: node.userData.name ?? node.name, parent: indices.get(node.parent) ?? -1, kind: kindOf(node, parser) })));
  return new Map([...found].map(([bone, at]) => [bone, nodes[at]]));
}

/** @returns {"joint" | "node" | "mesh" | "skin"} */
function kindOf(/** @type {any} */ node, /** @type {any} */ parser) {
  if (node.isBone) return "joint";
  const told = parser.json.nodes?.[parser.associations.get(node)?.nodes];
  if (node.isSkinnedMesh || told?.skin !== undefined) return "skin";
  if (!node.isMesh && told?.mesh === undefined) return "node";
  // What is far from where its node is does not turn about it: it is no part of a puppet.
  const at = node.getWorldPosition(new Vector3());
  const box = new Box3().setFromObject(node);
  return box.expandByScalar(0.1 * box.getSize(new Vector3()).length()).containsPoint(at) ? "mesh" : "skin";
}

/**
 * Puts a model upright, before the camera, as large as a person.
 *
 * @param {any} scene of the model.
 * @param {Map<string, any>} bones
 * @returns {any} what holds it.
 */
function stood(scene, bones) {
  const root = new Group();
  const placeOf = (/** @type {string} */ bone) => {
    const node = bones.get(bone);
    return node ? /** @type {Triple} */ (node.getWorldPosition(new Vector3()).toArray()) : null;
  };
  const { left, up, ahead } = axesOf(placeOf);
  const turn = new Matrix4().set(...left, 0, ...up, 0, ...ahead, 0, 0, 0, 0, 1);
  const frame = new Group();
  frame.quaternion.setFromRotationMatrix(turn);
  root.add(frame.add(scene));
  root.updateMatrixWorld(true);
  const box = boxAround(scene);
  if (box.isEmpty()) return root;
  frame.scale.setScalar(scaleFor(box.max.y - box.min.y));
  root.updateMatrixWorld(true);
  frame.position.fromArray(shiftFor(ends(boxAround(scene)), placeOf("head")));
  root.updateMatrixWorld(true);
  return root;
}

/**
 * Where the eyes of a model are in the world.
 *
 * @param {any} root @param {Map<string, any>} bones
 * @param {Set<string>} lids names of the shapes that shut the eyes.
 * @returns {Triple | null} null if it shows nothing.
 */
function eyesIn(root, bones, lids) {
  const box = boxAround(root);
  if (box.isEmpty()) return null;
  const at = (/** @type {string} */ bone) => bones.get(bone)?.getWorldPosition(new Vector3()) ?? null;
  const [left, right] = [at("leftEye"), at("rightEye")];
  const eyes = left && right ? left.add(right).multiplyScalar(0.5) : (left ?? right);
  return eyesOf({ box: ends(box), eyes: eyes?.toArray() ?? null, lids: middleOf(root, lids)?.toArray() ?? null, head: at("head")?.toArray() ?? null });
}

/** @returns {{min: Triple, max: Triple}} */
const ends = (/** @type {any} */ { min, max }) => ({ min: min.toArray(), max: max.toArray() });

/** The box around a model: around what its bones move, if any; a floor or a frame that lies about is no part of it. */
function boxAround(/** @type {any} */ root) {
  const [skinned, rigid] = [new Box3(), new Box3()];
  root.traverse((/** @type {any} */ node) => {
    if (node.isMesh && node.geometry?.attributes.position) (node.isSkinnedMesh ? skinned : rigid).union(boxOf(node));
  });
  return skinned.isEmpty() ? rigid : skinned;
}

/** The middle of what some shapes move, in the world; null if they move nothing. @param {any} root @param {Set<string>} names */
function middleOf(root, names) {
  const box = new Box3();
  const point = new Vector3();
  root.traverse((/** @type {any} */ mesh) => {
    if (!mesh.isMesh) return;
    for (const name of names) {
      const far = mesh.geometry.morphAttributes.position?.[mesh.morphTargetDictionary?.[name]];
      if (!far) continue;
      for (let at = 0; at < far.count; at++) {
        if (!far.getX(at) && !far.getY(at) && !far.getZ(at)) continue;
        box.expandByPoint(mesh.getVertexPosition(at, point).applyMatrix4(mesh.matrixWorld));
      }
    }
  });
  return box.isEmpty() ? null : box.getCenter(new Vector3());
}
