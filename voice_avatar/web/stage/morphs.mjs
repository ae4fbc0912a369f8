// Face shapes without a graphics card: a vertex program looks at every shape for every vertex, twice; here only what
// moves is moved, on the CPU.

/** The shapes of one mesh, each as the vertices that it moves. */
export class SparseMorphs {
  /** @type {Record<string, any>} */
  #moving;
  #influences;
  #shown;
  #shapes;
  /** @type {[string, Float32Array][]} */
  #rest;
  /** @type {Uint32Array[]} */
  #moved = [];

  /**
   * Takes the shapes of a mesh over from the renderer; its weights stay where they are.
   *
   * @param {object} mesh with morph targets of positions, and of normals or not; targets are offsets.
   * @param {(attribute: any) => Float32Array} floats numbers of an attribute in a row.
   * @param {(values: Float32Array) => any} attributeOf what three draws them from.
   */
  constructor({ geometry, morphTargetInfluences }, floats, attributeOf) {
    const names = ["position", "normal"].filter((name) => geometry.morphAttributes[name] && geometry.attributes[name]);
    this.#influences = morphTargetInfluences;
    this.#shown = new Float32Array(morphTargetInfluences.length);
    this.#shapes = morphTargetInfluences.map((_, shape) => sparse(names.map((name) => [name, floats(geometry.morphAttributes[name][shape])])));
    // What is moved is this mesh's own: a file may give the same numbers to several.
    this.#rest = names.map((name) => [name, floats(geometry.attributes[name])]);
    this.#moving = Object.fromEntries(this.#rest.map(([name, rest]) => [name, attributeOf(rest.slice())]));
    this.lendTo(geometry);
  }

  /** Gives a geometry the vertices that are moved here. */
  lendTo(geometry) {
    Object.assign(geometry.attributes, this.#moving);
    geometry.morphAttributes = {};
  }

  /** Moves the vertices to where the weights want them. @returns {boolean} whether any moved. */
  apply() {
    if (this.#influences.every((weight, shape) => weight === this.#shown[shape])) return false;
    for (const [name, rest] of this.#rest) {
      const values = this.#moving[name].array;
      for (const vertices of this.#moved) for (const at of vertices) for (let axis = at; axis < at + 3; axis++) values[axis] = rest[axis];
    }
    this.#moved = [];
    this.#influences.forEach((weight, shape) => {
      this.#shown[shape] = weight;
      if (weight === 0) return;
      const { vertices, offsets } = this.#shapes[shape];
      for (const [name, far] of offsets) {
        const values = this.#moving[name].array;
        for (let i = 0; i < vertices.length; i++) for (let axis = 0; axis < 3; axis++) values[vertices[i] + axis] += weight * far[3 * i + axis];
      }
      this.#moved.push(vertices);
    });
    for (const [name] of this.#rest) this.#moving[name].needsUpdate = true;
    return true;
  }
}

/** What of a shape is not zero: where its vertices begin in an array of threes, and their offsets by attribute. */
function sparse(attributes) {
  const moved = new Set();
  for (const [, values] of attributes) values.forEach((value, at) => value !== 0 && moved.add(at - (at % 3)));
  const vertices = Uint32Array.from(moved).sort();
  const offsets = attributes.map(([name, values]) => {
    const far = new Float32Array(3 * vertices.length);
    vertices.forEach((at, i) => far.set(values.subarray(at, at + 3), 3 * i));
    return [name, far];
  });
  return { vertices, offsets };
}

/**
 * Takes the shapes of all meshes of a model over.
 *
 * @param {any[]} meshes @param {(attribute: any) => Float32Array} floats @param {(values: Float32Array) => any} attributeOf
 * @returns {SparseMorphs[]}
 */
export function takeOver(meshes, floats, attributeOf) {
  /** @type {{position: any, first: any, names: string, morphs: SparseMorphs}[]} */
  const taken = [];
  for (const mesh of meshes) {
    const { attributes, morphAttributes, morphTargetsRelative } = mesh.geometry;
    if (!morphAttributes.position || !morphTargetsRelative) continue;
    const [position, first, names] = [attributes.position, morphAttributes.position[0], Object.keys(mesh.morphTargetDictionary ?? {}).join()];
    // Meshes of several materials often share their vertices: they are moved once.
    const same = taken.find((one) => one.position === position && one.first === first && one.names === names);
    if (same) same.morphs.lendTo(mesh.geometry);
    else taken.push({ position, first, names, morphs: new SparseMorphs(mesh, floats, attributeOf) });
  }
  return taken.map(({ morphs }) => morphs);
}
