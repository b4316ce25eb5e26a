/** @import { Keyboard } from "../input/keyboard.js" */
import { layoutNames, shown, strokesFor } from "../input/layouts.js";
import { element } from "./element.js";
import { keep, recall } from "./settings.js";

/** More of them in a message help nobody. */
const MAX_TOLD = 12;

/** Types a text into the guest: for firmware and login screens, which no clipboard reaches. */
export class TypeDialog {
  #dialog = /** @type {HTMLDialogElement} */ (element("type-dialog"));
  #text = /** @type {HTMLTextAreaElement} */ (element("type-text"));
  #layout = /** @type {HTMLSelectElement} */ (element("type-layout"));
  #problem = element("type-problem");

  /** @param {Keyboard} keyboard @param {() => void} onClose */
  constructor(keyboard, onClose) {
    for (const [id, name] of layoutNames) this.#layout.add(new Option(name, id));
    this.#layout.value = recall("layout", layoutOf(navigator.language));
    this.#text.addEventListener("input", () => this.#check());
    this.#layout.addEventListener("change", () => {
      keep("layout", this.#layout.value);
      this.#check();
    });
    this.#dialog.addEventListener("close", () => {
      const text = this.#text.value;
      this.#text.value = "";
      onClose();
      if (this.#dialog.returnValue === "type") keyboard.type(strokesFor(text, this.layout).flatMap(c => c.strokes ?? []));
    });
  }

  /** The identifier of the layout that the guest is said to have. */
  get layout() {
    return this.#layout.value || "us";
  }

  show() {
    this.#dialog.returnValue = "";
    this.#check();
    this.#dialog.showModal();
    this.#text.focus();
  }

  #check() {
    const missing = strokesFor(this.#text.value, this.layout).filter(c => !c.strokes).map(c => c.character);
    this.#problem.textContent = missing.length > 0 ? `This layout has no keys for ${listed(missing)}, which will be left out.` : "";
  }
}

/** @param {string[]} characters */
export function listed(characters) {
  const all = [...new Set(characters)].map(shown);
  return all.slice(0, MAX_TOLD).join(" ") + (all.length > MAX_TOLD ? " …" : "");
}

/** The layout that goes with a language, most likely. @param {string} language "de-CH" */
function layoutOf(language) {
  const [tongue, country] = language.toLowerCase().split("-");
  const known = new Set(layoutNames.map(([id]) => id));
  if (tongue === "en") return country === "gb" || country === "ie" ? "gb" : "us";
  if (tongue === "es" && country && country !== "es") return "latam";
  const candidates = [tongue === "fr" && country === "ch" ? "ch(fr)" : country ?? "", { ja: "jp", sv: "se", da: "dk", nb: "no", cs: "cz", uk: "ua", el: "gr", he: "il", et: "ee", sl: "si" }[tongue ?? ""] ?? tongue ?? ""];
  return candidates.find(id => known.has(id)) ?? "us";
}
