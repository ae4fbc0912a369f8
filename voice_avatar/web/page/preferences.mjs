// What the user chose, kept in this browser. Only what is listed here is read back.

const KEY = "voice-avatar";
const DEFAULTS = { avatar: "", device: "", endpointing: "auto", volume: 100, captions: "normal", contrast: false, motion: false, flat: false };

/** @returns {typeof DEFAULTS} */
export function readPreferences() {
  const kept = { ...DEFAULTS };
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    for (const [name, usual] of Object.entries(DEFAULTS)) if (typeof found[name] === typeof usual) kept[name] = found[name];
  } catch {
    // what another version or the user put there counts for nothing
  }
  return kept;
}

export function keepPreferences(preferences) {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // a browser that keeps nothing, as in a private window
  }
}
