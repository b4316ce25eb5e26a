import { keys, layouts } from "./layout-tables.js";

/** Keys that every layout has in the same place. @type {Record<string, string>} */
const COMMON = { "\n": "Enter", "\t": "Tab", " ": "Space" };

/** Modifiers of the tables' levels: plain, Shift, AltGr, both. */
const MODIFIERS = [[], ["ShiftLeft"], ["AltRight"], ["AltRight", "ShiftLeft"]];

/** What a dead key makes of a space, where X and Windows agree. @type {Record<string, string>} */
const ALONE = { "`": "\u0300", "^": "\u0302", "~": "\u0303" };

/** The layouts' names by their identifiers. */
export const layoutNames = Object.entries(layouts).map(([id, layout]) => /** @type {const} */ ([id, layout.name]));

/**
 * The strokes that make each character, each a list of keys to press together, its own key last: two where a dead
 * key comes first. Null where the layout cannot make it.
 * @param {string} text @param {string} layoutId
 * @returns {{character: string, strokes: string[][] | null}[]}
 */
export function strokesFor(text, layoutId) {
  const table = tableOf(layoutId);
  return [...text.replaceAll("\r\n", "\n").normalize("NFC")].map(character => ({ character, strokes: strokesOf(character, table) }));
}

/** How a character that cannot be typed is shown to a person: by itself, or by number where that would show nothing. @param {string} character */
export function shown(character) {
  return /[\p{C}\p{Z}\p{M}]/u.test(character) ? "U+" + (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0") : character;
}

/** @param {string} character @param {Table} table */
function strokesOf(character, table) {
  const own = table.keys.get(character);
  if (own) return [own];
  const alone = ALONE[character];
  const [base, mark, ...more] = alone ? [" ", alone] : character.normalize("NFD");
  const dead = table.dead.get(mark ?? ""), letter = table.keys.get(base ?? "");
  return dead && letter && more.length === 0 ? [dead, letter] : null;
}

/** @typedef {{keys: Map<string, string[]>, dead: Map<string, string[]>}} Table */
/** @type {Map<string, Table>} */
const tables = new Map();

/** Keys that only some keyboards have (Intl…) come last. @param {string} id */
function tableOf(id) {
  let table = tables.get(id);
  if (table) return table;
  table = { keys: new Map(Object.entries(COMMON).map(([character, code]) => [character, [code]])), dead: new Map() };
  const layout = layouts[id];
  for (const common of [true, false]) {
    for (const [level, row] of (layout?.levels ?? []).entries()) {
      [...row].forEach((character, i) => {
        const code = keys[i];
        if (code && code.startsWith("Intl") !== common && !table.keys.has(character)) table.keys.set(character, [...MODIFIERS[level] ?? [], code]);
      });
    }
  }
  for (const [mark, key] of Object.entries(layout?.dead ?? {})) {
    const [level, code] = key.includes("+") ? key.split("+") : ["", key];
    table.dead.set(mark, [...MODIFIERS[["", "S", "G", "GS"].indexOf(level ?? "")] ?? [], code ?? ""]);
  }
  tables.set(id, table);
  return table;
}
