const PREFIX = "qzc-";

/**
 * What this browser keeps for the person; where it keeps nothing (private windows), the page does without.
 * @template T @param {string} name @param {T} otherwise @returns {T}
 */
export function recall(name, otherwise) {
  try {
    const kept = localStorage.getItem(PREFIX + name);
    return kept === null ? otherwise : JSON.parse(kept);
  } catch {
    return otherwise;
  }
}

/** @param {string} name @param {unknown} value */
export function keep(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Full, or forbidden: it is forgotten.
  }
}

/** What all windows of this browser have in common, and nobody else knows. */
export function viewerKey() {
  let key = recall("viewer", "");
  if (!/^[0-9a-f]{32}$/.test(key)) {
    key = [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, "0")).join("");
    keep("viewer", key);
  }
  return key;
}
