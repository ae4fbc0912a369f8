// Where a mesh is in the world, as its bones carry it.

import { Box3, Matrix4 } from "../vendor/three_vrm.mjs";

const scratch = new Matrix4();

/** How all bones of a skinned mesh move it; null where they do not move it as one. */
function asOne({ skeleton, bindMatrix, bindMatrixInverse }) {
  const carried = new Matrix4();
  for (const [at, bone] of skeleton.bones.entries()) {
    scratch.multiplyMatrices(bone.matrixWorld, skeleton.boneInverses[at]);
    if (at === 0) carried.copy(scratch);
    const isAlike = scratch.elements.every((value, i) => Math.abs(value - carried.elements[i]) <= 1e-3 * Math.max(1, Math.abs(value)));
    if (!isAlike) return null;
  }
  return carried.premultiply(bindMatrixInverse).multiply(bindMatrix);
}

/**
 * The box around a mesh in the world. World matrices have to be up to date.
 *
 * @param {any} mesh
 */
export function boxOf(mesh) {
  const carried = mesh.isSkinnedMesh && mesh.skeleton ? asOne(mesh) : new Matrix4();
  if (carried) {
    // Of the vertices: what a file says of its own bounds, and what shapes could do, is not asked.
    return new Box3().setFromBufferAttribute(mesh.geometry.attributes.position).applyMatrix4(carried).applyMatrix4(mesh.matrixWorld);
  }
  mesh.computeBoundingBox();
  return mesh.boundingBox.clone().applyMatrix4(mesh.matrixWorld);
}
