// What is in an avatar's file, before anything of it is made: what cannot be shown, in a person's words.

/** Largest file that may be dropped, bytes. */
export const MOST_BYTES = 64 * 2 ** 20;
/** Longest side of a picture in it. */
export const MOST_PX = 4096;
/** Most that its parts may come to when they are unpacked, bytes. */
const MOST_UNPACKED_BYTES = 512 * 2 ** 20;

const GLB_MAGIC = 0x46546c67;
const JSON_CHUNK = 0x4e4f534a;
const BIN_CHUNK = 0x004e4942;
const COMPONENT_BYTES = { 5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4 };
const WIDTHS = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT2: 4, MAT3: 9, MAT4: 16 };

/** Extensions that a file may need; those of materials and of VRM by what they begin with. */
const KNOWN = /^(KHR_(materials_|mesh_quantization|texture_transform|lights_punctual|animation_pointer|node_visibility|draco_mesh_compression|meshopt_compression|xmp)|EXT_(meshopt_compression|texture_(webp|avif)|mesh_gpu_instancing)|VRM)/;

const BEGINNINGS = /** @type {[RegExp, string][]} */ ([
  [/^Kaydara FBX/, "it is an FBX file with another ending. Blender and FBX2glTF can make a GLB of it"],
  [/^\s*\{/, "it is glTF as text. Export it as binary glTF (GLB), which has everything in one file"],
  [/^PK/, "it is a ZIP archive. Drop the .glb or .vrm that is in it"],
  [/^\s*</, "it is a web page, not an avatar. Download the file itself"],
  [/^version https:\/\/git-lfs/, "it only says where the file is (Git LFS). Fetch the file itself"],
  [/^BLENDER/, "it is a Blender file. Export it as glTF binary (GLB)"],
  [/^ply|^#|^o |^v /, "it is another kind of mesh. Export it as binary glTF (GLB)"],
]);

/** Why a file is not shown; its text is for a person, and goes on "… can't be shown: ". */
export class Unreadable extends Error {
  name = "Unreadable";
}

/** @param {number} bytes of a file that was not read yet. */
export function checkSize(bytes) {
  if (bytes > MOST_BYTES) throw new Unreadable(`it has ${Math.ceil(bytes / 2 ** 20)} MB, and at most ${MOST_BYTES / 2 ** 20} are taken. Smaller pictures, or gltfpack, make it smaller`);
}

/**
 * Reads a file that was dropped, if it can be shown.
 *
 * @param {Blob} file
 * @returns {Promise<ArrayBuffer>}
 * @throws {Unreadable} if it cannot.
 */
export async function readFile(file) {
  checkSize(file.size);
  const read = await file.arrayBuffer().catch(() => {
    throw new Unreadable("it can't be read from where it is. Was it moved or changed?");
  });
  checkFile(read);
  return read;
}

/**
 * Looks into a file.
 *
 * @param {ArrayBuffer} file
 * @throws {Unreadable} if it cannot be shown.
 */
export function checkFile(file) {
  checkSize(file.byteLength);
  const { document, binary } = partsOf(file);
  checkNeeds(document);
  checkPlaces(document);
  checkAmount(document);
  for (const [at, image] of list(document.images).entries()) checkPicture(document, binary, image, at);
}

/** What a list in a document is; nothing where it is none. @returns {any[]} */
const list = (/** @type {any} */ value) => (Array.isArray(value) ? value.filter((one) => one && typeof one === "object") : []);

/** @param {ArrayBuffer} file @returns {{document: any, binary: Uint8Array}} */
function partsOf(file) {
  const view = new DataView(file);
  if (file.byteLength < 20 || view.getUint32(0, true) !== GLB_MAGIC) {
    const begins = new TextDecoder("latin1").decode(new Uint8Array(file, 0, Math.min(64, file.byteLength)));
    throw new Unreadable(BEGINNINGS.find(([mark]) => mark.test(begins))?.[1] ?? "it is no binary glTF (GLB)");
  }
  if (view.getUint32(4, true) !== 2) throw new Unreadable("it is glTF 1.0, which is too old. Export it as glTF 2.0");
  const said = view.getUint32(8, true);
  if (said > file.byteLength) throw new Unreadable(`it is cut off: ${file.byteLength} of ${said} bytes are there. Download it again`);
  let document = null;
  let binary = new Uint8Array();
  for (let at = 12; at + 8 <= file.byteLength; ) {
    const [length, kind] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    if (at + 8 + length > file.byteLength) throw new Unreadable("it is damaged: a part of it ends behind its end");
    const bytes = new Uint8Array(file, at + 8, length);
    if (kind === JSON_CHUNK) document = readJson(bytes);
    else if (kind === BIN_CHUNK) binary = bytes;
    at += 8 + length;
  }
  if (!document || typeof document !== "object") throw new Unreadable("it is damaged: it does not say what is in it");
  return { document, binary };
}

function readJson(/** @type {Uint8Array} */ bytes) {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new Unreadable("it is damaged: its description can't be read");
  }
}

function checkNeeds(/** @type {any} */ document) {
  const needs = (Array.isArray(document.extensionsRequired) ? document.extensionsRequired : []).map(String);
  if (needs.includes("KHR_texture_basisu")) throw new Unreadable("its pictures are KTX2 (Basis), which this page can't read. Save it with PNG, JPEG or WebP pictures");
  const unknown = needs.filter((/** @type {string} */ name) => !KNOWN.test(name));
  if (unknown.length) throw new Unreadable(`it needs ${unknown.slice(0, 3).join(", ")}, which this page doesn't know. Export it without`);
  if (!list(document.meshes).length) throw new Unreadable("there is no mesh in it: it has nothing to show");
  if (!list(document.scenes).length) throw new Unreadable("there is no scene in it: it has nothing to show");
}

/** Everything has to be in the file: the page asks no other place. */
function checkPlaces(/** @type {any} */ document) {
  // What a file has for those who can't unpack it is not asked for.
  const isSpare = (/** @type {any} */ { extensions }) => Boolean(extensions?.EXT_meshopt_compression?.fallback ?? extensions?.KHR_meshopt_compression?.fallback);
  const outside = [...list(document.buffers), ...list(document.images)].filter((one) => typeof one.uri === "string" && !isSpare(one));
  if (!outside.length) return;
  const isInside = outside.every(({ uri }) => uri.startsWith("data:"));
  throw new Unreadable(isInside ? "its parts are written as text in it (data:). Export it as binary glTF (GLB)" : `parts of it are in other files (${outside.map(({ uri }) => uri).find((uri) => !uri.startsWith("data:")).slice(0, 60)}). Export it as one GLB with everything in it`);
}

function checkAmount(/** @type {any} */ document) {
  const sizes = [
    list(document.accessors).map(({ count, componentType, type }) => count * (COMPONENT_BYTES[componentType] ?? 4) * (WIDTHS[type] ?? 4)),
    list(document.bufferViews).map(({ byteLength, extensions }) => {
      const packed = extensions?.EXT_meshopt_compression ?? extensions?.KHR_meshopt_compression;
      return packed ? packed.count * packed.byteStride : byteLength;
    }),
  ];
  for (const all of sizes) {
    const bytes = all.reduce((sum, one) => sum + one, 0);
    if (!Number.isFinite(bytes) || bytes < 0) throw new Unreadable("it is damaged: it does not say how large its parts are");
    if (bytes > MOST_UNPACKED_BYTES) throw new Unreadable(`unpacked it has ${Math.ceil(bytes / 2 ** 20)} MB, and at most ${MOST_UNPACKED_BYTES / 2 ** 20} can be shown`);
  }
}

/** @param {any} document @param {Uint8Array} binary @param {any} image @param {number} at */
function checkPicture(document, binary, image, at) {
  const place = document.bufferViews?.[image.bufferView];
  if (!place || (place.buffer ?? 0) !== 0) return;
  const size = pictureSize(binary.subarray(place.byteOffset ?? 0, (place.byteOffset ?? 0) + place.byteLength));
  if (!size || Math.max(...size) <= MOST_PX) return;
  const name = image.name ? `the picture “${String(image.name).slice(0, 60)}”` : `picture ${at + 1}`;
  throw new Unreadable(`${name} in it has ${size.join(" × ")} points, and at most ${MOST_PX} × ${MOST_PX} are taken. Make it smaller`);
}

const ascii = (/** @type {Uint8Array} */ bytes, /** @type {number} */ from, /** @type {number} */ to) => String.fromCharCode(...bytes.subarray(from, to));

/** Width and height of a PNG, JPEG or WebP; null where they can't be told. @param {Uint8Array} bytes @returns {[number, number] | null} */
export function pictureSize(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= 24 && ascii(bytes, 1, 4) === "PNG") return [view.getUint32(16), view.getUint32(20)];
  if (bytes.length >= 30 && ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 12) === "WEBP") return webpSize(view, ascii(bytes, 12, 16));
  if (bytes.length >= 4 && view.getUint16(0) === 0xffd8) return jpegSize(view);
  return null;
}

/** @param {DataView} view @param {string} kind @returns {[number, number] | null} */
function webpSize(view, kind) {
  if (kind === "VP8 ") return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
  if (kind === "VP8L") {
    const bits = view.getUint32(21, true);
    return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
  }
  if (kind !== "VP8X") return null;
  const triple = (/** @type {number} */ at) => view.getUint16(at, true) + (view.getUint8(at + 2) << 16) + 1;
  return [triple(24), triple(27)];
}

/** @param {DataView} view @returns {[number, number] | null} */
function jpegSize(view) {
  for (let at = 2; at + 9 < view.byteLength; ) {
    if (view.getUint8(at) !== 0xff) return null;
    const kind = view.getUint8(at + 1);
    // SOF0 to SOF15 but for DHT, JPG and DAC begin a picture; 0xff fills.
    if (kind >= 0xc0 && kind <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(kind)) return [view.getUint16(at + 7), view.getUint16(at + 5)];
    at += kind === 0xff ? 1 : kind === 0x01 || (kind >= 0xd0 && kind <= 0xd8) ? 2 : 2 + view.getUint16(at + 2);
  }
  return null;
}
