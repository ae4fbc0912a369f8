// Which avatars there are, and the user's own.

import { byId, fill, make } from "./dom.mjs";

const INDEX = new URL("../avatars/index.json", import.meta.url);

/** @returns {Promise<{name: string, title: string, url: URL}[]>} none if the server has none. */
export async function listAvatars() {
  const answer = await fetch(INDEX);
  if (!answer.ok) return [];
  const { avatars } = await answer.json();
  return avatars.map(({ id, name, file }) => ({ name: id, title: name, url: new URL(file, INDEX) }));
}

/** Puts avatars on the stage and tells what they can do. */
export class Avatars {
  #view;
  #list = [];
  #files = new Map();

  /** @param {import("./view.mjs").View} view @param {(text: string) => void} tell */
  constructor(view, tell) {
    this.#view = view;
    this.tell = tell;
  }

  /**
   * Shows the avatar of this name, else the first one.
   *
   * @returns {Promise<boolean>} whether there is any.
   */
  async open(chosen) {
    this.#list = await listAvatars();
    fill(byId("avatar-select"), this.#list.map(({ name, title }) => [name, title]), this.#list.some(({ name }) => name === chosen) ? chosen : this.#list[0]?.name);
    if (this.#list.length) await this.show(byId("avatar-select").value);
    return this.#list.length > 0;
  }

  /** Shows one of the server's avatars. */
  async show(name) {
    const found = this.#list.find((one) => one.name === name);
    if (!found || this.#view.kind !== "3d") return;
    if (!this.#files.has(name)) {
      const answer = await fetch(found.url);
      if (!answer.ok) throw new Error(`the avatar did not come (${answer.status})`);
      this.#files.set(name, await answer.arrayBuffer());
    }
    this.#report(await this.#view.stage.setModel(this.#files.get(name)));
  }

  /** Shows a file of the user's. It stays in this page. @param {File} file */
  async take(file) {
    if (!/\.(vrm|glb)$/i.test(file.name)) {
      this.tell("That is no .vrm or .glb file.");
      return;
    }
    if (this.#view.kind !== "3d") {
      this.tell("Your browser draws only the simple face.");
      return;
    }
    try {
      this.#report(await this.#view.stage.setModel(await file.arrayBuffer()), file.name);
    } catch (problem) {
      this.tell(`${file.name} can't be shown: ${problem.message}`);
      return;
    }
    const select = byId("avatar-select");
    select.append(make("option", { value: `file:${file.name}` }, file.name));
    this.tell(`${file.name} is on the stage. What was found in it is in the settings.`);
  }

  #report({ kind, name, mouth, found, missing }, file = "") {
    const all = (part) => found[part].length + missing[part].length;
    byId("mapping").hidden = false;
    byId("mapping-summary").textContent = `${file || name || "This avatar"}: ${found.visemes.length} of ${all("visemes")} visemes, ${found.arkit.length} of ${all("arkit")} face shapes, ${found.bones.length} of ${all("bones")} bones`;
    const mouths = { shapes: "by its own shapes", expressions: "by the five mouths of VRM (lips can't close)", none: "not at all: it has no shapes for it" };
    const lines = [make("p", {}, make("b", {}, kind), ` · the mouth moves ${found.visemes.length > 1 || mouth !== "shapes" ? mouths[mouth] : "by ARKit's shapes"}`)];
    for (const [part, title] of [["visemes", "Visemes"], ["arkit", "Face shapes"], ["bones", "Bones"]]) {
      if (missing[part].length) lines.push(make("p", {}, make("b", {}, `${title} missing: `), missing[part].join(", ")));
    }
    byId("mapping-report").replaceChildren(...lines);
    byId("view").classList.add("ready");
  }
}
