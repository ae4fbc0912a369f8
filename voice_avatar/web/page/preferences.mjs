// What the user chose, kept in this browser. Only what is listed here is read back.

const KEY = "voice-avatar";
const DEFAULTS = {
  avatar: "", device: "", endpointing: "auto", echo: true, volume: 100, captions: "normal", theme: "system", contrast: false, motion: false, flat: false,
};

/** @typedef {typeof DEFAULTS} Preferences */

/** @returns {Preferences} */
export function readPreferences() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    const known = Object.entries(DEFAULTS).filter(([name, usual]) => typeof found[name] === typeof usual);
    return { ...DEFAULTS, ...Object.fromEntries(known.map(([name]) => [name, found[name]])) };
  } catch {
    return { ...DEFAULTS }; // what another version or the user put there counts for nothing
  }
}

/** @param {Preferences} preferences */
export function keepPreferences(preferences) {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // a browser that keeps nothing, as in a private window
  }
}
