// Work that a picture does not need: what moves with one bone is not skinned, what is out of the picture not drawn.

import { Matrix4, Mesh } from "../vendor/three_vrm.mjs";
import { boxOf, ownVertices } from "./meshes.mjs";

/** How far below its place in the T-pose something may hang or swing, metres. */
const SWING_M = 0.12;

/**
 * Hangs meshes that follow a single bone on that bone, so that their vertices are no longer moved one by one.
 *
 * @param {object} root of a model in its T-pose.
 */
export function hangOnBones(root) {
  const skinned = [];
  root.traverse((node) => node.isSkinnedMesh && skinned.push(node));
  for (const mesh of skinned) {
    const index = onlyBone(mesh.geometry);
    if (index === null || mesh.geometry.morphAttributes.position || mesh.children.length) continue;
    const { skeleton, bindMatrix } = mesh;
    const rigid = new Mesh(ownVertices(mesh.geometry), mesh.material);
    rigid.name = mesh.name;
    rigid.frustumCulled = false;
    rigid.geometry.applyMatrix4(new Matrix4().multiplyMatrices(skeleton.boneInverses[index], bindMatrix));
    for (const name of ["skinIndex", "skinWeight"]) rigid.geometry.deleteAttribute(name);
    mesh.removeFromParent();
    skeleton.bones[index].add(rigid);
  }
}

function onlyBone({ attributes: { skinIndex, skinWeight } }) {
  if (!skinIndex || !skinWeight) return null;
  const bone = skinIndex.getX(0);
  for (let vertex = 0; vertex < skinIndex.count; vertex++) {
    if (skinIndex.getX(vertex) !== bone || skinWeight.getX(vertex) < 0.999) return null;
  }
  return bone;
}

/** Highest point of each skinned mesh in the T-pose, metres above the floor: legs stay below it. */
export function heights(root) {
  const tops = new Map();
  root.traverse((node) => {
    if (node.isSkinnedMesh) tops.set(node, boxOf(node).max.y + SWING_M);
  });
  return tops;
}

/**
 * Draws only what can reach into a picture.
 *
 * @param {Map<object, number>} tops of `heights`.
 * @param {number} lowestM lower edge of what is seen, metres; -Infinity = everything is seen.
 */
export function showAbove(tops, lowestM) {
  for (const [mesh, topM] of tops) mesh.visible = !(topM <= lowestM);
}
