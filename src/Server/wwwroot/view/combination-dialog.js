import { element } from "./element.js";

const MODIFIERS = /** @type {const} */ ([["ControlLeft", "Ctrl"], ["AltLeft", "Alt"], ["ShiftLeft", "Shift"], ["MetaLeft", "Super"], ["AltRight", "AltGr"]]);

/** Keys by their places, in groups; a label where the place does not tell. @type {Record<string, string>} */
const GROUPS = {
  "Function keys": numbered("F", 1, 24),
  "Editing": "Escape Tab Backspace Enter Space Insert Delete Home End PageUp PageDown ArrowUp ArrowDown ArrowLeft ArrowRight PrintScreen ScrollLock Pause CapsLock NumLock ContextMenu",
  "Letters": [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"].map(c => "Key" + c).join(" "),
  "Digits and signs": `${numbered("Digit", 0, 9)} Backquote Minus Equal BracketLeft BracketRight Backslash Semicolon Quote Comma Period Slash IntlBackslash`,
  "Keypad": `${numbered("Numpad", 0, 9)} NumpadDecimal NumpadComma NumpadAdd NumpadSubtract NumpadMultiply NumpadDivide NumpadEqual NumpadEnter`,
  "Languages": "IntlRo IntlYen KanaMode Convert NonConvert Lang1 Lang2 Lang3 Lang4 Lang5",
  "Media": "AudioVolumeMute AudioVolumeDown AudioVolumeUp MediaPlayPause MediaStop MediaTrackPrevious MediaTrackNext Power Sleep WakeUp",
};

/** Puts a combination together that is on no menu. */
export class CombinationDialog {
  #dialog = /** @type {HTMLDialogElement} */ (element("combination-dialog"));
  #modifiers = element("combination-modifiers");
  #key = /** @type {HTMLSelectElement} */ (element("combination-key"));

  /** @param {(label: string, codes: string[]) => void} onChosen @param {() => void} onClose */
  constructor(onChosen, onClose) {
    this.#modifiers.append(...MODIFIERS.map(([code, label]) => {
      const box = Object.assign(document.createElement("input"), { type: "checkbox", value: code }), around = document.createElement("label");
      around.append(box, label);
      return around;
    }));
    for (const [label, codes] of Object.entries(GROUPS)) {
      const group = Object.assign(document.createElement("optgroup"), { label });
      group.append(...codes.split(" ").map(code => new Option(labelOf(code), code)));
      this.#key.append(group);
    }
    this.#dialog.addEventListener("close", () => {
      onClose();
      if (this.#dialog.returnValue !== "send") return;
      const chosen = [...this.#modifiers.querySelectorAll("input")].filter(box => box.checked).map(box => box.value);
      const codes = [...chosen, this.#key.value];
      onChosen(codes.map(code => MODIFIERS.find(([m]) => m === code)?.[1] ?? labelOf(code)).join(" + "), codes);
    });
  }

  show() {
    this.#dialog.returnValue = "";
    this.#dialog.showModal();
  }
}

/** @param {string} code */
function labelOf(code) {
  return code.replace(/^(Key|Digit|Arrow)/, "").replace(/^Numpad/, "Keypad ").replace(/^Audio|^Media/, "").replace(/([a-z])([A-Z])/g, "$1 $2");
}

/** @param {string} prefix @param {number} first @param {number} last */
function numbered(prefix, first, last) {
  return Array.from({ length: last - first + 1 }, (_, i) => prefix + (first + i)).join(" ");
}
