// Vertices' numbers, however a file stores them: several kinds in one array, whole numbers that stand for parts of one,
// one array for several meshes.

import { BufferAttribute, BufferGeometry } from "../vendor/three_vrm.mjs";

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
