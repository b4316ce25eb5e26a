/** @import { Layout } from "../view/layout.js" */
import { Fingers } from "./fingers.js";
import { Motion, buttonMessage, scrollMessage } from "./messages.js";

const NOTCH = 120;
/** What browsers scroll for a click of a wheel is 53 pixels (older Chromium) or more. */
const LEAST_CLICK_PX = 50;
/** MouseEvent.button of a pen's eraser, which no mouse has: it acts as the tip does. */
const ERASER = 5;

/**
 * Mouse, pen and finger on the screen. A guest with a tablet gets positions; one with a mouse gets motion, for
 * which the pointer is locked to the page by a click.
 */
export class Pointer {
  #motion = new Motion();
  #stage;
  #layout;
  #send;
  #hint;
  #fingers;
  #absolute = true;
  #enabled = false;
  #wheel = { x: 0, y: 0 };
  #buttons = 0;

  /**
   * @param {HTMLElement} stage
   * @param {Layout} layout
   * @param {(message: Uint8Array, loose?: boolean) => void} send
   * @param {(text: string) => void} hint
   */
  constructor(stage, layout, send, hint) {
    this.#stage = stage;
    this.#layout = layout;
    this.#send = send;
    this.#hint = hint;
    this.#fingers = new Fingers(layout, send, {
      moveTo: point => this.#moveTo(point, false),
      moveBy: (dx, dy) => this.#send(this.#motion.by(dx, dy), true),
      press: (button, pressed) => this.#press(button, pressed),
      scroll: (dx, dy) => this.#scroll(dx, dy),
    });
    // pointerrawupdate comes as the device reports, not once for each frame of the page; secure contexts only.
    stage.addEventListener("onpointerrawupdate" in window ? "pointerrawupdate" : "pointermove", e => this.#move(/** @type {PointerEvent} */ (e)));
    stage.addEventListener("pointerdown", e => this.#pointerDown(e));
    stage.addEventListener("pointerup", e => this.#pointerUp(e));
    stage.addEventListener("pointercancel", e => this.#pointerUp(e));
    stage.addEventListener("mousedown", e => this.#mouse(e, true));
    window.addEventListener("mouseup", e => this.#mouse(e, false));
    stage.addEventListener("wheel", e => this.#onWheel(e), { passive: false });
    stage.addEventListener("contextmenu", e => e.preventDefault());
    document.addEventListener("pointerlockchange", () => this.#hint(this.locked ? "Esc gives the pointer back" : ""));
  }

  /** Whether the guest takes positions. @param {boolean} value */
  set absolute(value) {
    this.#absolute = this.#fingers.absolute = value;
    if (value && this.locked) document.exitPointerLock();
  }

  /** How many fingers the guest takes; 0 for a guest without a touch screen, where one finger is the mouse. @param {number} value */
  set touchSlots(value) {
    this.#fingers.slots = value;
  }

  /** Whether there is a screen to point at. @param {boolean} value */
  set enabled(value) {
    this.#enabled = value;
  }

  /** Whether a button or a finger is held down. */
  get holds() {
    return this.#buttons !== 0 || this.#fingers.down;
  }

  /** Whether the pointer belongs to the guest. */
  get locked() {
    return document.pointerLockElement === this.#stage;
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerType === "touch") return this.#fingers.move(event);
    if (!this.#enabled) return;
    if (!this.#absolute) {
      if (this.locked && (event.movementX || event.movementY)) this.#send(this.#motion.by(event.movementX, event.movementY), true);
      return;
    }
    this.#layout.lookAt(event);
    this.#moveTo(event, true);
  }

  /** @param {{clientX: number, clientY: number}} point @param {boolean} loose a click must find the pointer where it was: not loose */
  #moveTo(point, loose) {
    const at = this.#layout.fractionAt(point);
    if (at) this.#send(this.#motion.to(at.x, at.y), loose);
  }

  /** @param {PointerEvent} event */
  #pointerDown(event) {
    this.#stage.focus({ preventScroll: true });
    this.#stage.setPointerCapture(event.pointerId);
    if (event.pointerType === "mouse") return;
    // No mouse events are to be made of it.
    event.preventDefault();
    if (!this.#enabled) return;
    if (event.pointerType === "touch") this.#fingers.begin(event);
    else this.#mouse(event, true);
  }

  /** @param {PointerEvent} event */
  #pointerUp(event) {
    if (event.pointerType === "touch") this.#fingers.end(event);
    // A pen that is cancelled tells no button.
    else if (event.pointerType !== "mouse") for (const button of [0, 1, 2]) if (this.#buttons & 1 << button) this.#press(button, false);
  }

  /** @param {number} button @param {boolean} pressed */
  #press(button, pressed) {
    this.#buttons = pressed ? this.#buttons | 1 << button : this.#buttons & ~(1 << button);
    this.#send(buttonMessage(button, pressed));
  }

  /** @param {MouseEvent} event @param {boolean} pressed */
  #mouse(event, pressed) {
    if (!this.#enabled) return;
    if (pressed) event.preventDefault();
    if (!this.#absolute && !this.locked) {
      if (pressed) this.#lock();
      return;
    }
    if (pressed && this.#absolute) this.#moveTo(event, false);
    const button = event.button === ERASER ? 0 : event.button;
    if (button <= 4 && (pressed || this.#buttons & 1 << button)) this.#press(button, pressed);
  }

  async #lock() {
    try {
      // Without the system's acceleration, which the guest has of its own.
      await this.#stage.requestPointerLock(/** @type {any} */ ({ unadjustedMovement: true }));
    } catch {
      try {
        await this.#stage.requestPointerLock();
      } catch {
        this.#hint("The browser did not give the pointer away: click again");
      }
    }
  }

  /** @param {WheelEvent} event */
  #onWheel(event) {
    event.preventDefault();
    if (!this.#enabled || event.ctrlKey && event.deltaMode === 0 && !Number.isInteger(event.deltaY)) return; // a pinch
    const unit = [NOTCH / 100, NOTCH / 3, NOTCH * 3][event.deltaMode] ?? 1;
    this.#scroll(notches(event, "X") ?? event.deltaX * unit, notches(event, "Y") ?? event.deltaY * unit);
  }

  /** Parts of the unit are kept for the next time. @param {number} dx to the right @param {number} dy and down, in 1/120 of a notch */
  #scroll(dx, dy) {
    this.#wheel.x += dx;
    this.#wheel.y += dy;
    const x = clamp(Math.trunc(this.#wheel.x)), y = clamp(Math.trunc(this.#wheel.y));
    if (!x && !y) return;
    this.#wheel.x -= x;
    this.#wheel.y -= y;
    this.#send(scrollMessage(x, y));
  }
}

/**
 * Of a wheel that clicks, browsers tell how many pixels a page would scroll, which differs between them; the older
 * wheelDelta counts the clicks themselves. Null for anything that glides, which goes less far at a time.
 * @param {WheelEvent} event @param {"X" | "Y"} axis
 */
function notches(event, axis) {
  const pixels = event[`delta${axis}`], delta = /** @type {any} */ (event)[`wheelDelta${axis}`];
  const clicks = typeof delta === "number" && delta % NOTCH === 0 && Math.abs(pixels / delta * NOTCH) >= LEAST_CLICK_PX;
  return clicks ? -delta : null;
}

/** @param {number} value */
function clamp(value) {
  return Math.min(32767, Math.max(-32768, value));
}
