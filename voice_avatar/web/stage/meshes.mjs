// Meshes as a file may have them: where their bones carry them, and their vertices' numbers, which may lie among others,
// stand for parts of one, or be those of several meshes.

import { Box3, BufferAttribute, BufferGeometry, Matrix4, Mesh } from "../vendor/three_vrm.mjs";

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
  const carried = mesh.isSkinnedMesh ? asOne(mesh) : new Matrix4();
  if (carried) {
    // Of the vertices: what a file says of its own bounds, and what shapes could do, is not asked.
    return new Box3().setFromBufferAttribute(mesh.geometry.attributes.position).applyMatrix4(carried).applyMatrix4(mesh.matrixWorld);
  }
  mesh.computeBoundingBox();
  return mesh.boundingBox.clone().applyMatrix4(mesh.matrixWorld);
}

/**
 * The numbers themselves, in a row.
 *
 * @param {any} attribute of three, of any kind.
 * @returns {Float32Array}
 */
export function floats(attribute) {
  const { count, itemSize } = attribute;
  const values = new Float32Array(count * itemSize);
  for (let at = 0; at < count; at++) for (let part = 0; part < itemSize; part++) values[at * itemSize + part] = attribute.getComponent(at, part);
  return values;
}

/** Takes the skin off meshes that have no skeleton, which three would draw with one. @param {any} root */
export function unskin(root) {
  const lost = [];
  root.traverse((node) => node.isSkinnedMesh && !node.skeleton && lost.push(node));
  for (const mesh of lost) {
    const plain = new Mesh(mesh.geometry, mesh.material);
    plain.copy(mesh, false);
    for (const child of [...mesh.children]) plain.add(child);
    mesh.parent.add(plain);
    mesh.removeFromParent();
  }
}

/** A geometry of its own, whose vertices may be moved: attributes are often those of other meshes too. @param {any} geometry */
export function ownVertices(geometry) {
  const own = new BufferGeometry();
  own.name = geometry.name;
  own.index = geometry.index;
  own.groups = geometry.groups;
  for (const [name, attribute] of Object.entries(geometry.attributes)) {
    const isMoved = ["position", "normal", "tangent"].includes(name);
    own.setAttribute(name, isMoved ? new BufferAttribute(floats(attribute), /** @type {any} */ (attribute).itemSize) : attribute);
  }
  return own;
}
