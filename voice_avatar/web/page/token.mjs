// The token of servers that want one: out of the address, where it would be seen and kept in the history.

const KEY = "voice-avatar token";

/** Returns the token of this visit, null = none; it is kept as long as the tab. */
export function takeToken() {
  const address = new URL(location.href);
  const found = address.searchParams.get("token") ?? new URLSearchParams(address.hash.slice(1)).get("token");
  try {
    if (!found) return sessionStorage.getItem(KEY);
    sessionStorage.setItem(KEY, found);
  } catch {
    return found; // a browser that keeps nothing: the address has to
  }
  address.searchParams.delete("token");
  address.hash = "";
  history.replaceState(null, "", address);
  return found;
}
