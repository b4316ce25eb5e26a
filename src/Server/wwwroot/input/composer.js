/** @import { Keyboard } from "./keyboard.js" */
import { strokesFor } from "./layouts.js";

/** Something to delete: an on-screen keyboard tells of Backspace only where there is. */
const FILLING = "\u00a0\u00a0";

/** What other editing becomes. @type {Record<string, string>} */
const EDITS = {
  insertLineBreak: "Enter", insertParagraph: "Enter", deleteContentBackward: "Backspace", deleteWordBackward: "Backspace", deleteContentForward: "Delete",
};

/**
 * A text field out of sight that has the focus while the on-screen keyboard is wanted, or an input method. What they
 * make of it, composed or not, is typed with the chosen layout; keys that have a place go by it as always.
 */
export class Composer {
  #field;
  #keyboard;
  #layout;
  #onMissing;

  /**
   * @param {HTMLTextAreaElement} field @param {Keyboard} keyboard
   * @param {() => string} layout the identifier of the guest's layout
   * @param {(characters: string[]) => void} onMissing told what that layout cannot make
   */
  constructor(field, keyboard, layout, onMissing) {
    this.#field = field;
    this.#keyboard = keyboard;
    this.#layout = layout;
    this.#onMissing = onMissing;
    field.addEventListener("beforeinput", e => this.#edit(e));
    field.addEventListener("compositionend", e => {
      this.#type(e.data);
      this.#fill();
    });
    field.addEventListener("keydown", e => { if (hasPlace(e)) keyboard.down(e); });
    field.addEventListener("keyup", e => { if (hasPlace(e)) keyboard.up(e); });
    field.addEventListener("blur", () => keyboard.releaseAll());
  }

  /** Asks for the on-screen keyboard. */
  open() {
    this.#fill();
    this.#field.focus({ preventScroll: true });
  }

  /** @param {InputEvent} event */
  #edit(event) {
    if (event.isComposing || event.inputType === "insertCompositionText") return;
    event.preventDefault();
    const code = EDITS[event.inputType];
    if (code) this.#keyboard.type([[code]]);
    else if (event.data) this.#type(event.data);
  }

  /** @param {string} text */
  #type(text) {
    const characters = strokesFor(text, this.#layout()), missing = characters.filter(c => !c.strokes).map(c => c.character);
    if (missing.length > 0) this.#onMissing(missing);
    this.#keyboard.type(characters.flatMap(c => c.strokes ?? []));
  }

  #fill() {
    this.#field.value = FILLING;
    this.#field.setSelectionRange(FILLING.length, FILLING.length);
  }
}

/** Whether it comes from a keyboard with places, and no input method is at work. @param {KeyboardEvent} event */
function hasPlace(event) {
  return event.code !== "" && event.code !== "Unidentified" && event.key !== "Process" && event.key !== "Unidentified" && !event.isComposing;
}
