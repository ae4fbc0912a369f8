// Face shapes without a graphics card: a vertex program looks at every shape for every vertex, twice; here only what
// moves is moved, on the CPU.

/** The shapes of one mesh, each as the vertices that it moves. */
export class SparseMorphs {
  #geometry;
  #influences;
  #shown;
  #shapes;
  #rest;
  #moved = [];

  /**
   * Takes the shapes of a mesh over from the renderer; its weights stay where they are.
   *
   * @param {object} mesh with morph targets of positions, and of normals or not; targets are offsets.
   */
  constructor({ geometry, morphTargetInfluences }) {
    this.#geometry = geometry;
    this.#influences = morphTargetInfluences;
    this.#shown = new Float32Array(morphTargetInfluences.length);
    const names = ["position", "normal"].filter((name) => geometry.morphAttributes[name]);
    this.#shapes = morphTargetInfluences.map((_, shape) => sparse(names.map((name) => [name, geometry.morphAttributes[name][shape]])));
    this.#rest = names.map((name) => [name, geometry.attributes[name].array.slice()]);
    geometry.morphAttributes = {};
  }

  /** Moves the vertices to where the weights want them. @returns {boolean} whether any moved. */
  apply() {
    if (this.#influences.every((weight, shape) => weight === this.#shown[shape])) return false;
    for (const [name, rest] of this.#rest) {
      const values = this.#geometry.attributes[name].array;
      for (const vertices of this.#moved) for (const at of vertices) for (let axis = at; axis < at + 3; axis++) values[axis] = rest[axis];
    }
    this.#moved = [];
    this.#influences.forEach((weight, shape) => {
      this.#shown[shape] = weight;
      if (weight === 0) return;
      const { vertices, offsets } = this.#shapes[shape];
      for (const [name, far] of offsets) {
        const values = this.#geometry.attributes[name].array;
        for (let i = 0; i < vertices.length; i++) for (let axis = 0; axis < 3; axis++) values[vertices[i] + axis] += weight * far[3 * i + axis];
      }
      this.#moved.push(vertices);
    });
    for (const [name] of this.#rest) this.#geometry.attributes[name].needsUpdate = true;
    return true;
  }
}

/** What of a shape is not zero: where its vertices begin in an array of threes, and their offsets by attribute. */
function sparse(attributes) {
  const moved = new Set();
  for (const [, { array }] of attributes) array.forEach((value, at) => value !== 0 && moved.add(at - (at % 3)));
  const vertices = Uint32Array.from(moved).sort();
  const offsets = attributes.map(([name, { array }]) => {
    const far = new Float32Array(3 * vertices.length);
    vertices.forEach((at, i) => far.set(array.subarray(at, at + 3), 3 * i));
    return [name, far];
  });
  return { vertices, offsets };
}
