import { Locks } from "./locks.js";
import { KeyAction, keyMessage, releaseAllMessage } from "./messages.js";

const MODIFIERS = /** @type {const} */ ([
  ["Shift", 1], ["Control", 2], ["Alt", 4], ["Meta", 8], ["AltGraph", 16], ["CapsLock", 32], ["NumLock", 64], ["ScrollLock", 128],
]);

/** Keyboards of firmware are polled some 30 times a second. */
const TYPING_PAUSE_MS = 15;

/** The keys that together leave the screen: a browser has no use for them, and guests hardly any. */
const LEAVE = ["ControlLeft", "AltLeft", "ShiftLeft"];

/** There Caps Lock tells only a keydown when it goes on, and only a keyup when it goes off. */
const IS_MAC = navigator.platform.startsWith("Mac");

/**
 * Passes the keyboard on while the stage has the focus. Keys go by their place (KeyboardEvent.code), so that
 * the guest's own layout decides what they mean.
 */
export class Keyboard {
  #held = new Set();
  #send;
  #stage;
  #onLeave;
  /** Called for a key that pastes; true where the browser shall hand its clipboard out first. @type {() => boolean} */
  onPasteKey = () => false;
  #locks;
  /** What is left of the text being typed. @type {string[][]} */
  #queue = [];
  #typing = false;
  /** Called while a text is typed, with the strokes that are left. @type {(left: number) => void} */
  onTyping = () => {};

  /**
   * @param {HTMLElement} stage
   * @param {(message: Uint8Array) => void} send
   * @param {() => void} onLeave
   */
  constructor(stage, send, onLeave) {
    this.#stage = stage;
    this.#send = send;
    this.#onLeave = onLeave;
    this.#locks = new Locks(send);
    stage.addEventListener("keydown", e => this.down(e));
    stage.addEventListener("keyup", e => this.up(e));
    stage.addEventListener("blur", () => this.releaseAll());
    window.addEventListener("blur", () => this.releaseAll());
    document.addEventListener("visibilitychange", () => document.hidden && this.releaseAll());
  }

  /** The guest's keyboard lights. @param {{caps: boolean, num: boolean}} state */
  set lights(state) {
    this.#locks.lights = state;
  }

  /** Lets go of every key and button, here and in the guest. */
  releaseAll() {
    this.#held.clear();
    this.#send(releaseAllMessage());
  }

  /** Presses the keys in this order and lets go of them in the other. @param {string[]} codes */
  combination(codes) {
    this.#stroke(codes, KeyAction.down);
    this.#stroke(codes, KeyAction.up);
    this.#stage.focus();
  }

  /** Types key strokes at a pace that firmware keeps up with; any key that the person presses ends it. @param {string[][]} strokes */
  async type(strokes) {
    this.#queue.push(...strokes);
    if (this.#typing) return;
    this.#typing = true;
    this.releaseAll();
    const caps = this.#locks.caps;
    if (caps) this.#locks.toggle("caps");
    for (let codes; (codes = this.#queue.shift());) {
      this.#stroke(codes, KeyAction.down);
      await pause();
      this.#stroke(codes, KeyAction.up);
      await pause();
      this.onTyping(this.#queue.length);
    }
    if (caps) this.#locks.toggle("caps");
    this.#typing = false;
  }

  /** Whether anything is held down. */
  get holds() {
    return this.#held.size > 0;
  }

  /** @param {KeyboardEvent} event */
  down(event) {
    if (!(pastes(event) && this.onPasteKey())) event.preventDefault();
    const code = codeOf(event);
    if (!code || event.isComposing) return;
    if (this.#queue.length > 0) {
      this.#queue = [];
      if (code === "Escape") return;
    }
    if (code === "CapsLock" && IS_MAC) return this.#locks.toggle("caps");
    if (!event.repeat) this.#locks.align(event, performance.now());
    this.#locks.pressed(code);
    this.#held.add(code);
    this.#send(keyMessage(event.repeat ? KeyAction.repeat : KeyAction.down, modifiersOf(event), code, event.key));
    // macOS sends no keyup for keys that were pressed while Command was down.
    if (event.metaKey && !code.startsWith("Meta")) this.#release(code, event);
    if (this.#held.size === LEAVE.length && LEAVE.every(key => this.#held.has(key))) {
      this.releaseAll();
      this.#onLeave();
    }
  }

  /** @param {KeyboardEvent} event */
  up(event) {
    event.preventDefault();
    const code = codeOf(event);
    if (!code) return;
    if (code === "CapsLock" && IS_MAC) return this.#locks.toggle("caps");
    // Windows swallows PrintScreen's keydown.
    if (code === "PrintScreen" && !this.#held.has(code)) this.#send(keyMessage(KeyAction.down, modifiersOf(event), code, event.key));
    this.#release(code, event);
  }

  /** @param {string} code @param {KeyboardEvent} event */
  #release(code, event) {
    this.#held.delete(code);
    this.#send(keyMessage(KeyAction.up, modifiersOf(event), code, event.key));
  }

  /** @param {string[]} codes @param {number} action */
  #stroke(codes, action) {
    for (const code of action === KeyAction.down ? codes : codes.toReversed()) this.#send(keyMessage(action, 0, code, ""));
  }
}

function pause() {
  return new Promise(resolve => setTimeout(resolve, TYPING_PAUSE_MS));
}

/** @param {KeyboardEvent} event */
function pastes(event) {
  const control = event.ctrlKey || event.metaKey;
  return !event.repeat && !event.altKey && (control ? event.key.toLowerCase() === "v" : event.shiftKey && event.key === "Insert");
}

/** On-screen keyboards tell no code; what they type is found by its key. @param {KeyboardEvent} event */
function codeOf(event) {
  if (event.code && event.code !== "Unidentified") return event.code;
  if (/^[a-z]$/i.test(event.key)) return "Key" + event.key.toUpperCase();
  if (/^[0-9]$/.test(event.key)) return "Digit" + event.key;
  return { " ": "Space", Enter: "Enter", Backspace: "Backspace", Tab: "Tab", Escape: "Escape", Delete: "Delete",
    ArrowUp: "ArrowUp", ArrowDown: "ArrowDown", ArrowLeft: "ArrowLeft", ArrowRight: "ArrowRight" }[event.key] ?? "";
}

/** @param {KeyboardEvent} event */
function modifiersOf(event) {
  return MODIFIERS.reduce((sum, [name, bit]) => event.getModifierState(name) ? sum | bit : sum, 0);
}
