// Prints the keys that each layout presses for a text, for PageTests.
import { keysFor, layoutNames } from "../../src/Server/wwwroot/input/layouts.js";

const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("") + "\n\t";
for (const [id] of layoutNames) {
  console.log(`${id} text ${keysFor("yZ@", id).map(k => k.codes?.join("+")).join(" ")}`);
  console.log(`${id} missing ${JSON.stringify(keysFor(ascii, id).filter(k => !k.codes).map(k => k.character).join(""))}`);
  console.log(`${id} codes ${[...new Set(keysFor(ascii, id).flatMap(k => k.codes ?? []))].join(" ")}`);
}
