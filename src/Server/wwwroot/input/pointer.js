import { Motion, TouchPhase, buttonMessage, scrollMessage, touchMessage } from "./messages.js";

const NOTCH = 120;

/**
 * Mouse, pen and finger on the screen. A guest with a tablet gets positions; one with a mouse gets motion, for
 * which the pointer is locked to the page by a click.
 */
export class Pointer {
  #motion = new Motion();
  #stage;
  #screen;
  #send;
  #hint;
  #absolute = true;
  #enabled = false;
  #wheel = { x: 0, y: 0 };
  /** The one finger or pen that acts as the mouse. @type {number | null} */
  #contact = null;
  #buttons = 0;
  /** Fingers of a guest with a touch screen, by the browser's numbers. @type {Map<number, number>} */
  #fingers = new Map();
  #touchSlots = 0;

  /**
   * @param {HTMLElement} stage
   * @param {import("../view/screen.js").Screen} screen
   * @param {(message: Uint8Array, loose?: boolean) => void} send
   * @param {(text: string) => void} hint
   */
  constructor(stage, screen, send, hint) {
    this.#stage = stage;
    this.#screen = screen;
    this.#send = send;
    this.#hint = hint;
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
    this.#absolute = value;
    if (value && this.locked) document.exitPointerLock();
  }

  /** How many fingers the guest takes; 0 for a guest without a touch screen, where one finger is the mouse. @param {number} value */
  set touchSlots(value) {
    this.#touchSlots = value;
  }

  /** Whether there is a screen to point at. @param {boolean} value */
  set enabled(value) {
    this.#enabled = value;
  }

  /** Whether a button is held down. */
  get holds() {
    return this.#buttons !== 0 || this.#fingers.size > 0;
  }

  /** Whether the pointer belongs to the guest. */
  get locked() {
    return document.pointerLockElement === this.#stage;
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (this.#touch(event, TouchPhase.update)) return;
    if (!this.#enabled || (event.pointerType !== "mouse" && event.pointerId !== this.#contact)) return;
    if (!this.#absolute) {
      if (this.locked && (event.movementX || event.movementY)) this.#send(this.#motion.by(event.movementX, event.movementY), true);
    } else {
      this.#moveTo(event, true);
    }
  }

  /** @param {MouseEvent} event @param {boolean} loose a click must find the pointer where it was: not loose */
  #moveTo(event, loose) {
    const box = this.#screen.element.getBoundingClientRect();
    if (box.width > 0 && box.height > 0) this.#send(this.#motion.to((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height), loose);
  }

  /** @param {PointerEvent} event */
  #pointerDown(event) {
    this.#stage.focus({ preventScroll: true });
    if (event.pointerType === "mouse") {
      this.#stage.setPointerCapture(event.pointerId);
      return;
    }
    // No mouse events are to be made of it.
    event.preventDefault();
    if (this.#touch(event, TouchPhase.begin)) return;
    if (!this.#enabled || this.#contact !== null) return;
    this.#contact = event.pointerId;
    this.#stage.setPointerCapture(event.pointerId);
    this.#moveTo(event, false);
    this.#press(0, true);
  }

  /** @param {PointerEvent} event */
  #pointerUp(event) {
    if (this.#touch(event, event.type === "pointercancel" ? TouchPhase.cancel : TouchPhase.end)) return;
    if (event.pointerId !== this.#contact) return;
    this.#contact = null;
    this.#press(0, false);
  }

  /** Passes a finger on to a guest that has a touch screen; false where it has none. @param {PointerEvent} event @param {number} phase */
  #touch(event, phase) {
    if (event.pointerType !== "touch" || this.#touchSlots === 0) return false;
    let slot = this.#fingers.get(event.pointerId);
    if (phase === TouchPhase.begin && this.#enabled) {
      slot = [...Array(this.#touchSlots).keys()].find(free => ![...this.#fingers.values()].includes(free));
      if (slot !== undefined) this.#fingers.set(event.pointerId, slot);
    }
    if (slot === undefined) return true;
    if (phase === TouchPhase.end || phase === TouchPhase.cancel) this.#fingers.delete(event.pointerId);
    const box = this.#screen.element.getBoundingClientRect();
    this.#send(touchMessage(phase, slot, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height));
    return true;
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
    if (event.button <= 4 && (pressed || this.#buttons & 1 << event.button)) this.#press(event.button, pressed);
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
    this.#wheel.x += event.deltaX * unit;
    this.#wheel.y += event.deltaY * unit;
    const x = clamp(Math.trunc(this.#wheel.x)), y = clamp(Math.trunc(this.#wheel.y));
    if (!x && !y) return;
    this.#wheel.x -= x;
    this.#wheel.y -= y;
    this.#send(scrollMessage(x, y));
  }
}

/** @param {number} value */
function clamp(value) {
  return Math.min(32767, Math.max(-32768, value));
}
