// Decoders of packed meshes, fetched from the same host when a file needs them. They are plain JavaScript: the page's
// policy lets no WebAssembly in, and need not for this.

import { BufferAttribute, BufferGeometry } from "../vendor/three_vrm.mjs";
import { Unreadable } from "./files.mjs";

/**
 * Teaches a loader what a file needs.
 *
 * @param {any} loader GLTFLoader
 * @param {string} description the file's JSON.
 */
export async function addDecoders(loader, description) {
  if (description.includes("_meshopt_compression")) loader.setMeshoptDecoder(await meshopt());
  if (description.includes("KHR_draco_mesh_compression")) loader.setDRACOLoader(await draco());
}

/** @template T @param {Promise<T>} coming @returns {Promise<T>} */
const fetched = (coming) =>
  coming.catch(() => {
    throw new Unreadable("what unpacks it did not come from the server. Is it still there? Try once more");
  });

async function meshopt() {
  const { MeshoptDecoder } = await fetched(import("../vendor/meshopt_decoder.mjs"));
  return {
    supported: true,
    /** @param {number} count @param {number} stride @param {Uint8Array} source @param {string} mode @param {string} filter */
    async decodeGltfBufferAsync(count, stride, source, mode, filter) {
      const target = new Uint8Array(count * stride);
      try {
        MeshoptDecoder.decodeGltfBuffer(target, count, stride, source, mode, filter);
      } catch {
        throw new Unreadable("it is damaged: its packed meshes (meshopt) can't be unpacked");
      }
      return target;
    },
  };
}

/** @type {Promise<any> | null} */
let module = null;

async function draco() {
  const { default: make } = await fetched(import("../vendor/draco_decoder.mjs"));
  module ??= make();
  const library = await module;
  return {
    preload() {},
    /**
     * As GLTFLoader asks for it.
     *
     * @param {ArrayBuffer} packed @param {(geometry: any) => void} done @param {Record<string, number>} ids
     * @param {Record<string, string>} types names of typed arrays. @param {string} _space @param {(problem: Error) => void} failed
     */
    decodeDracoFile(packed, done, ids, types, _space, failed) {
      let geometry;
      try {
        geometry = unpacked(library, new Int8Array(packed), ids, types);
      } catch {
        failed(new Unreadable("it is damaged: its packed meshes (Draco) can't be unpacked"));
        return;
      }
      done(geometry);
    },
  };
}

/** @param {any} library @param {Int8Array} packed @param {Record<string, number>} ids @param {Record<string, string>} types */
function unpacked(library, packed, ids, types) {
  const decoder = new library.Decoder();
  const mesh = new library.Mesh();
  try {
    if (!decoder.DecodeArrayToMesh(packed, packed.byteLength, mesh).ok()) throw new Error("no mesh");
    const geometry = new BufferGeometry();
    const faces = mesh.num_faces() * 3;
    geometry.setIndex(new BufferAttribute(copied(library, Uint32Array, faces, (at, bytes) => decoder.GetTrianglesUInt32Array(mesh, bytes, at)), 1));
    for (const [name, id] of Object.entries(ids)) {
      const attribute = decoder.GetAttributeByUniqueId(mesh, id);
      const width = attribute.num_components();
      const kind = KINDS[types[name]] ?? KINDS.Float32Array;
      const values = copied(library, kind.array, mesh.num_points() * width, (at, bytes) =>
        decoder.GetAttributeDataArrayForAllPoints(mesh, attribute, library[kind.draco], bytes, at));
      geometry.setAttribute(name, new BufferAttribute(values, width));
    }
    return geometry;
  } finally {
    library.destroy(mesh);
    library.destroy(decoder);
  }
}

/** @type {Record<string, {array: any, draco: string}>} */
const KINDS = {
  Float32Array: { array: Float32Array, draco: "DT_FLOAT32" }, Int8Array: { array: Int8Array, draco: "DT_INT8" },
  Int16Array: { array: Int16Array, draco: "DT_INT16" }, Int32Array: { array: Int32Array, draco: "DT_INT32" },
  Uint8Array: { array: Uint8Array, draco: "DT_UINT8" }, Uint16Array: { array: Uint16Array, draco: "DT_UINT16" },
  Uint32Array: { array: Uint32Array, draco: "DT_UINT32" },
};

/** Has the library write numbers into its memory, and takes them out of it. @param {any} library @param {any} kind @param {number} count @param {(at: number, bytes: number) => void} write */
function copied(library, kind, count, write) {
  const bytes = count * kind.BYTES_PER_ELEMENT;
  const at = library._malloc(bytes);
  write(at, bytes);
  // The memory is another one after it has grown: it is looked up now.
  const values = new kind(library.HEAPF32.buffer, at, count).slice();
  library._free(at);
  return values;
}
