// The keyboard: what each key does, and when it does not.

/** Whether a key is meant for what has the focus. */
const isTyping = (target) => target.closest?.("input, textarea, select, dialog") !== null;

/**
 * @param {{talk: (isDown: boolean) => void, stop: () => void, mute: () => void, type: () => void, latency: () => void,
 *   debug: () => void, settings: () => void}} acts
 */
export function bindKeys(acts) {
  const keys = { m: acts.mute, t: acts.type, "/": acts.type, l: acts.latency, d: acts.debug, s: acts.settings };
  let isHeld = false;
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
      acts.stop();
      document.activeElement?.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.code === "Space") {
      if (event.target.closest("button, summary") && event.target.id !== "ptt-button") return;
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
