// The keyboard: what each key does, and when it does not.

/** Whether a key is meant for what has the focus. */
const isTyping = (/** @type {Element} */ target) => target.closest("input, textarea, select, dialog[open]") !== null;

/**
 * @param {{talk: (isDown: boolean) => void, stop: () => void, mute: () => void, type: () => void, latency: () => void,
 *   debug: () => void, settings: () => void}} acts
 */
export function bindKeys(acts) {
  /** @type {Record<string, () => void>} */
  const keys = { m: acts.mute, t: acts.type, "/": acts.type, l: acts.latency, d: acts.debug, s: acts.settings };
  let isHeld = false;
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
      acts.stop();
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      return;
    }
    const target = event.target instanceof Element ? event.target : document.body;
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(target)) return;
    if (event.code === "Space") {
      if (target.closest("button, summary") && target.id !== "ptt-button") return;
      event.preventDefault();
      if (!isHeld) acts.talk(true);
      isHeld = true;
      return;
    }
    const act = keys[event.key.toLowerCase()];
    if (!act || event.repeat) return;
    event.preventDefault();
    act();
  });
  const release = () => {
    if (isHeld) acts.talk(false);
    isHeld = false;
  };
  addEventListener("keyup", (event) => event.code === "Space" && release());
  addEventListener("blur", release);
}
