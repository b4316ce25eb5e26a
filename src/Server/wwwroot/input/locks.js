import { KeyAction, keyMessage } from "./messages.js";

/** The guest's light may take so long to follow its key. */
const SETTLE_MS = 500;

const CODES = /** @type {const} */ ({ caps: "CapsLock", num: "NumLock" });
/** @typedef {keyof typeof CODES} Lock */

/**
 * Keeps the guest's Caps Lock and Num Lock in step with this keyboard's: a letter or keypad digit shall mean there
 * what it means here. A guest whose light does not answer its key is left alone until it does.
 */
export class Locks {
  #send;
  #lights = { caps: false, num: false };
  #answers = { caps: true, num: true };
  #pressedAt = { caps: -Infinity, num: -Infinity };

  /** @param {(message: Uint8Array) => void} send */
  constructor(send) {
    this.#send = send;
  }

  /** What the guest's keyboard shows. @param {{caps: boolean, num: boolean}} state */
  set lights({ caps, num }) {
    if (caps !== this.#lights.caps) this.#answers.caps = true;
    if (num !== this.#lights.num) this.#answers.num = true;
    this.#lights = { caps, num };
  }

  get caps() {
    return this.#lights.caps;
  }

  /** The person pressed it: the light is to follow. @param {string} code */
  pressed(code) {
    for (const lock of /** @type {Lock[]} */ (Object.keys(CODES))) if (CODES[lock] === code) this.#expect(lock);
  }

  /** Before a key that depends on a lock: sets the guest's right. @param {KeyboardEvent} event @param {number} now in ms */
  align(event, now) {
    this.#alignOne("caps", capsWanted(event), now);
    this.#alignOne("num", numWanted(event), now);
  }

  /** Presses a lock key and lets it go. @param {Lock} lock */
  toggle(lock) {
    this.#expect(lock);
    this.#send(keyMessage(KeyAction.down, 0, CODES[lock], CODES[lock]));
    this.#send(keyMessage(KeyAction.up, 0, CODES[lock], CODES[lock]));
  }

  /** @param {Lock} lock @param {boolean | null} wanted @param {number} now */
  #alignOne(lock, wanted, now) {
    if (wanted !== null && wanted !== this.#lights[lock] && this.#answers[lock] && now - this.#pressedAt[lock] > SETTLE_MS) this.toggle(lock);
  }

  /** @param {Lock} lock */
  #expect(lock) {
    this.#pressedAt[lock] = performance.now();
    this.#answers[lock] = false;
  }
}

/** @param {KeyboardEvent} event */
function capsWanted(event) {
  const letter = event.key.length === 1 && event.key.toLowerCase() !== event.key.toUpperCase();
  return letter ? event.getModifierState("CapsLock") : null;
}

/** By what the keypad types, as a Mac has no Num Lock and its keypad always types digits. @param {KeyboardEvent} event */
function numWanted(event) {
  if (!/^Numpad([0-9]|Decimal)$/.test(event.code) || event.shiftKey) return null;
  if (/^[0-9.,]$/.test(event.key)) return true;
  return event.getModifierState("NumLock") ? null : false;
}
