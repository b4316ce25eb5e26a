/**
 * How layouts make characters: "code" of the key, S for Shift, G for AltGr. Rows list the keys of a keyboard from
 * left to right; what a layout has there is written in the same order.
 */
const ROWS = [
  "Backquote Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal",
  "KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight Backslash",
  "KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote",
  "IntlBackslash KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash",
].map(row => row.split(" "));

/** One string a row and level; a space where the layout has nothing or a dead key. @type {Record<string, {name: string, plain: string[], shift: string[], altGr?: Record<string, string>}>} */
const LAYOUTS = {
  us: {
    name: "English (US)",
    plain: ["`1234567890-=", "qwertyuiop[]\\", "asdfghjkl;'", " zxcvbnm,./"],
    shift: ["~!@#$%^&*()_+", "QWERTYUIOP{}|", "ASDFGHJKL:\"", " ZXCVBNM<>?"],
  },
  gb: {
    name: "English (UK)",
    plain: ["`1234567890-=", "qwertyuiop[]#", "asdfghjkl;'", "\\zxcvbnm,./"],
    shift: ["¬!\"£$%^&*()_+", "QWERTYUIOP{}~", "ASDFGHJKL:@", "|ZXCVBNM<>?"],
    altGr: { "€": "Digit4" },
  },
  de: {
    name: "Deutsch",
    plain: [" 1234567890ß ", "qwertzuiopü+#", "asdfghjklöä", "<yxcvbnm,.-"],
    shift: ["°!\"§$%&/()=? ", "QWERTZUIOPÜ*'", "ASDFGHJKLÖÄ", ">YXCVBNM;:_"],
    altGr: { "²": "Digit2", "³": "Digit3", "{": "Digit7", "[": "Digit8", "]": "Digit9", "}": "Digit0", "\\": "Minus", "@": "KeyQ", "€": "KeyE", "~": "BracketRight", "|": "IntlBackslash", "µ": "KeyM" },
  },
  fr: {
    name: "Français",
    plain: ["²&é\"'(-è_çà)=", "azertyuiop $*", "qsdfghjklmù", "<wxcvbn,;:!"],
    shift: [" 1234567890°+", "AZERTYUIOP £µ", "QSDFGHJKLM%", ">WXCVBN?./§"],
    altGr: { "~": "Digit2", "#": "Digit3", "{": "Digit4", "[": "Digit5", "|": "Digit6", "`": "Digit7", "\\": "Digit8", "^": "Digit9", "@": "Digit0", "]": "Minus", "}": "Equal", "€": "KeyE" },
  },
};

/** Keys that every layout has in the same place. @type {Record<string, string>} */
const COMMON = { " ": "Space", "\n": "Enter", "\t": "Tab" };

/** The layouts' names by their identifiers. */
export const layoutNames = Object.entries(LAYOUTS).map(([id, layout]) => /** @type {const} */ ([id, layout.name]));

/**
 * The keys to press together for each character, the character's own key last; null where the layout cannot make it.
 * @param {string} text @param {string} layoutId
 * @returns {{character: string, codes: string[] | null}[]}
 */
export function keysFor(text, layoutId) {
  const keys = tableOf(layoutId);
  return [...text.replaceAll("\r\n", "\n")].map(character => ({ character, codes: keys.get(character) ?? null }));
}

/** @param {string} id */
function tableOf(id) {
  const layout = LAYOUTS[id];
  /** @type {Map<string, string[]>} */
  const table = new Map(Object.entries(COMMON).map(([character, code]) => [character, [code]]));
  if (!layout) return table;
  for (const [modifiers, rows] of /** @type {[string[], string[]][]} */ ([[[], layout.plain], [["ShiftLeft"], layout.shift]])) {
    rows.forEach((row, r) => [...row].forEach((character, i) => {
      const code = ROWS[r]?.[i];
      if (code && !table.has(character)) table.set(character, [...modifiers, code]);
    }));
  }
  for (const [character, code] of Object.entries(layout.altGr ?? {}))
    if (!table.has(character)) table.set(character, ["AltRight", code]);
  return table;
}
