/** @import { Layout } from "../view/layout.js" */
import { TouchPhase, touchMessage } from "./messages.js";

/** A finger that stays this near, in CSS pixels, has not moved; one that stays so long presses the right button. */
const STILL_PX = 10, LONG_MS = 550;
/** Two fingers that move so far, in CSS pixels, turn the wheel by one notch. */
const NOTCH_PX = 24, NOTCH = 120;

/**
 * What a finger does to a guest that has a mouse.
 * @typedef {object} Mouse
 * @property {(point: {clientX: number, clientY: number}) => void} moveTo
 * @property {(dx: number, dy: number) => void} moveBy
 * @property {(button: number, pressed: boolean) => void} press
 * @property {(dx: number, dy: number) => void} scroll in 1/120 of a notch
 */

/** @typedef {{x: number, y: number, startX: number, startY: number, moved: boolean}} Finger */

/**
 * Fingers on the screen. A guest with a touch screen gets each as one; a guest with a mouse gets clicks: a tap is the
 * left button, a long one the right, two fingers are the wheel. Where only motion is taken, a finger is a touchpad.
 */
export class Fingers {
  #layout;
  #send;
  #mouse;
  /** The guest's slots by the browser's numbers. @type {Map<number, number>} */
  #taken = new Map();
  /** Fingers that act as a mouse. @type {Map<number, Finger>} */
  #down = new Map();
  #pressed = false;
  #scrolled = false;
  /** @type {number | undefined} */
  #timer;
  slots = 0;
  absolute = true;

  /** @param {Layout} layout @param {(message: Uint8Array) => void} send @param {Mouse} mouse */
  constructor(layout, send, mouse) {
    this.#layout = layout;
    this.#send = send;
    this.#mouse = mouse;
  }

  /** Whether the guest holds any. */
  get down() {
    return this.#taken.size > 0;
  }

  /** @param {PointerEvent} event */
  begin(event) {
    if (this.slots > 0) {
      const slot = [...Array(this.slots).keys()].find(free => ![...this.#taken.values()].includes(free));
      if (slot === undefined) return;
      this.#taken.set(event.pointerId, slot);
      this.#touch(event, TouchPhase.begin, slot);
      return;
    }
    this.#down.set(event.pointerId, { x: event.clientX, y: event.clientY, startX: event.clientX, startY: event.clientY, moved: false });
    clearTimeout(this.#timer);
    if (this.#down.size === 1) {
      this.#scrolled = false;
      if (this.absolute) this.#mouse.moveTo(event);
      this.#timer = setTimeout(() => this.#long(), LONG_MS);
    } else if (this.#pressed) {
      this.#mouse.press(0, this.#pressed = false);
    }
  }

  /** @param {PointerEvent} event */
  move(event) {
    const slot = this.#taken.get(event.pointerId);
    if (slot !== undefined) return this.#touch(event, TouchPhase.update, slot);
    const finger = this.#down.get(event.pointerId);
    if (!finger) return;
    finger.moved ||= Math.hypot(event.clientX - finger.startX, event.clientY - finger.startY) > STILL_PX;
    const dx = event.clientX - finger.x, dy = event.clientY - finger.y;
    if (!finger.moved) return;
    Object.assign(finger, { x: event.clientX, y: event.clientY });
    clearTimeout(this.#timer);
    if (this.#down.size > 1) {
      // Each of them moves: the wheel turns by their mean, and as a page scrolls under a finger.
      this.#scrolled = true;
      this.#mouse.scroll(-dx / this.#down.size * NOTCH / NOTCH_PX, -dy / this.#down.size * NOTCH / NOTCH_PX);
    } else if (!this.#scrolled) {
      if (!this.absolute) return this.#mouse.moveBy(dx, dy);
      if (!this.#pressed) {
        this.#mouse.moveTo({ clientX: finger.startX, clientY: finger.startY });
        this.#mouse.press(0, this.#pressed = true);
      }
      this.#mouse.moveTo(event);
    }
  }

  /** @param {PointerEvent} event */
  end(event) {
    const slot = this.#taken.get(event.pointerId), cancelled = event.type === "pointercancel";
    if (slot !== undefined) {
      this.#taken.delete(event.pointerId);
      this.#touch(event, cancelled ? TouchPhase.cancel : TouchPhase.end, slot);
      return;
    }
    const finger = this.#down.get(event.pointerId);
    if (!finger) return;
    this.#down.delete(event.pointerId);
    clearTimeout(this.#timer);
    if (this.#down.size > 0) return;
    if (!this.#pressed && !finger.moved && !this.#scrolled && !cancelled) this.#mouse.press(0, this.#pressed = true);
    if (this.#pressed) this.#mouse.press(0, this.#pressed = false);
  }

  #long() {
    this.#scrolled = true; // nothing else is to come of this finger
    this.#mouse.press(2, true);
    this.#mouse.press(2, false);
  }

  /** @param {PointerEvent} event @param {number} phase @param {number} slot */
  #touch(event, phase, slot) {
    const at = this.#layout.fractionAt(event);
    if (at) this.#send(touchMessage(phase, slot, at.x, at.y));
  }
}
