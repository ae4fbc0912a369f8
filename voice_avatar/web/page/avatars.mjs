// Which avatars there are, and the user's own.

import { byId, fill, make } from "./dom.mjs";

const INDEX = new URL("../avatars/index.json", import.meta.url);
const OWN = "file:";

/** @returns {Promise<{name: string, title: string, url: URL}[]>} none if the server has none. */
export async function listAvatars() {
  const answer = await fetch(INDEX);
  if (!answer.ok) return [];
  const { avatars } = await answer.json();
  return avatars.map((/** @type {{id: string, name: string, file: string}} */ { id, name, file }) => ({ name: id, title: name, url: new URL(file, INDEX) }));
}

/** Puts avatars on the stage and tells what they can do. */
export class Avatars {
  #view;
  #tell;
  /** @type {{name: string, title: string, url: URL}[]} */
  #list = [];
  /** @type {Map<string, ArrayBuffer>} by the value in the select; the user's own stay in this page. */
  #files = new Map();
  #select = byId("avatar-select", HTMLSelectElement);

  /** @param {import("./view.mjs").View} view @param {(text: string) => void} tell */
  constructor(view, tell) {
    this.#view = view;
    this.#tell = tell;
  }

  /**
   * Shows the avatar of this name, else the first one.
   *
   * @param {string} chosen
   * @returns {Promise<boolean>} whether there is any.
   */
  async open(chosen) {
    this.#list = await listAvatars();
    const own = [...this.#files.keys()].filter((name) => name.startsWith(OWN));
    const options = /** @type {[string, string][]} */ ([...this.#list.map(({ name, title }) => [name, title]), ...own.map((name) => [name, name.slice(OWN.length)])]);
    fill(this.#select, options, chosen);
    if (this.#list.length) await this.show(this.#select.value);
    return this.#list.length > 0;
  }

  /** Shows one of the server's avatars, or one that the user brought. @param {string} name */
  async show(name) {
    const { stage3d } = this.#view;
    if (!stage3d) return;
    const file = this.#files.get(name) ?? (await this.#fetch(name));
    if (!file) return;
    this.#files.set(name, file);
    this.#report(await stage3d.setModel(file), name.startsWith(OWN) ? name.slice(OWN.length) : "");
  }

  /** @param {string} name @returns {Promise<ArrayBuffer | null>} */
  async #fetch(name) {
    const found = this.#list.find((one) => one.name === name);
    if (!found) return null;
    const answer = await fetch(found.url);
    if (!answer.ok) throw new Error(`the avatar did not come (${answer.status})`);
    return answer.arrayBuffer();
  }

  /** Shows a file of the user's. It stays in this page. @param {File} file */
  async take(file) {
    if (!/\.(vrm|glb)$/i.test(file.name)) {
      this.#tell("That is no .vrm or .glb file.");
      return;
    }
    if (!this.#view.stage3d) {
      this.#tell("Only the simple face is drawn here. Another avatar needs WebGL, and the simple face off in the settings.");
      return;
    }
    const { readFile, Unreadable } = await import("../stage/files.mjs");
    const name = OWN + file.name;
    const before = this.#files.get(name);
    try {
      this.#files.set(name, await readFile(file));
      await this.show(name);
    } catch (problem) {
      if (before) this.#files.set(name, before);
      else this.#files.delete(name);
      const isTold = problem instanceof Unreadable;
      if (!isTold) console.info(problem);
      this.#tell(`${file.name} can't be shown: ${isTold ? problem.message : "it is damaged, or made in a way that this page doesn't know"}.`);
      return;
    }
    if (!before) this.#select.append(make("option", { value: name }, file.name));
    this.#select.value = name;
    this.#tell(`${file.name} is on the stage. What was found in it is in the settings.`);
  }

  /** @param {ReturnType<import("../stage/model.mjs").Model["report"]>} report @param {string} file */
  #report({ kind, name, mouth, rig, found, missing }, file) {
    /** @param {"visemes" | "arkit" | "bones"} part */
    const all = (part) => found[part].length + missing[part].length;
    byId("mapping").hidden = false;
    byId("mapping-summary").textContent = `${file || name || "This avatar"}: ${found.visemes.length} of ${all("visemes")} visemes, ${found.arkit.length} of ${all("arkit")} face shapes, ${found.bones.length} of ${all("bones")} bones`;
    const mouths = { shapes: "by its own shapes", expressions: "by the five mouths of VRM (lips can't close)", none: "not at all: it has no shapes for it" };
    const moves = mouth !== "shapes" || rig === "ovr" ? mouths[mouth] : rig === "arkit" ? "by ARKit's shapes" : "by the shapes that it has for vowels and lips";
    const lines = [make("p", {}, make("b", {}, kind), ` · the mouth moves ${moves}`)];
    for (const [part, title] of /** @type {const} */ ([["visemes", "Visemes"], ["arkit", "Face shapes"], ["bones", "Bones"]])) {
      if (missing[part].length) lines.push(make("p", {}, make("b", {}, `${title} missing: `), missing[part].join(", ")));
    }
    byId("mapping-report").replaceChildren(...lines);
    byId("view").classList.add("ready");
  }
}
