/** @import { Keyboard } from "../input/keyboard.js" */
import { keysFor, layoutNames } from "../input/layouts.js";

/** Types a text into the guest: for firmware and login screens, which no clipboard reaches. */
export class TypeDialog {
  #dialog = /** @type {HTMLDialogElement} */ (document.getElementById("type-dialog"));
  #text = /** @type {HTMLTextAreaElement} */ (document.getElementById("type-text"));
  #layout = /** @type {HTMLSelectElement} */ (document.getElementById("type-layout"));
  #problem = /** @type {HTMLElement} */ (document.getElementById("type-problem"));

  /** @param {Keyboard} keyboard @param {() => void} onClose */
  constructor(keyboard, onClose) {
    for (const [id, name] of layoutNames) this.#layout.add(new Option(name, id));
    this.#text.addEventListener("input", () => this.#check());
    this.#layout.addEventListener("change", () => this.#check());
    this.#dialog.addEventListener("close", () => {
      const text = this.#text.value;
      this.#text.value = "";
      onClose();
      if (this.#dialog.returnValue === "type") keyboard.type(keysFor(text, this.#layout.value));
    });
  }

  show() {
    this.#dialog.returnValue = "";
    this.#check();
    this.#dialog.showModal();
    this.#text.focus();
  }

  #check() {
    const missing = new Set(keysFor(this.#text.value, this.#layout.value).filter(k => !k.codes).map(k => k.character));
    this.#problem.textContent = missing.size > 0 ? `This layout has no keys for ${[...missing].slice(0, 12).join(" ")}, which will be left out.` : "";
  }
}
