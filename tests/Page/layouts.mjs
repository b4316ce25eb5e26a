// Prints what each layout presses for each character that it can make, for PageTests.
import { keys, layouts } from "../../src/Server/wwwroot/input/layout-tables.js";
import { shown, strokesFor } from "../../src/Server/wwwroot/input/layouts.js";

const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("") + "\n\t";
for (const [id, { levels }] of Object.entries(layouts)) {
  const accented = Array.from({ length: 0x250 - 0xa0 }, (_, i) => String.fromCharCode(0xa0 + i)).join("");
  const text = [...new Set(ascii + levels.join("") + accented)].join("");
  for (const { character, strokes } of strokesFor(text, id))
    if (strokes) console.log(`${id} ${character.codePointAt(0)} ${strokes.map(s => s.join("+")).join(" ")}`);
  console.log(`${id} missing ${strokesFor(ascii, id).filter(c => !c.strokes).map(c => shown(c.character)).join("")}`);
}
console.log(`keys ${keys.length} ${Object.values(layouts).every(({ levels }) => levels.every(row => row.length <= keys.length))}`);
console.log(`shown ${["\u0000", "\u001b", "\u202e", "\u0301", "a", "é", "漢"].map(shown).join(" ")}`);
