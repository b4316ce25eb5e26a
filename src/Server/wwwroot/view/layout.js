/** @import { Screen } from "./screen.js" */

/** As large as fits; one of the device's pixels for each of the guest's; whole numbers of them. @typedef {"fit" | "actual" | "whole"} Scaling */

/**
 * Places the picture in the window. Sizes come from the console's mode and the picture alike; the picture's wins, as
 * that is what is seen. Of a picture larger than the window, the part is shown that the pointer is at.
 */
export class Layout {
  #stage;
  #screen;
  #mode = { width: 0, height: 0 };
  /** @type {Scaling} */
  #scaling = "fit";
  /** Where to look: 0 is the left or upper edge, 1 the other. */
  #look = { x: .5, y: .5 };
  /** @type {() => void} */
  onChange = () => {};

  /** @param {HTMLElement} stage @param {Screen} screen */
  constructor(stage, screen) {
    this.#stage = stage;
    this.#screen = screen;
    screen.onResize = () => this.apply();
    new ResizeObserver(() => this.apply()).observe(stage);
  }

  /** @param {number} width @param {number} height */
  setMode(width, height) {
    this.#mode = { width, height };
    this.apply();
  }

  get scaling() {
    return this.#scaling;
  }

  set scaling(value) {
    this.#scaling = value;
    this.apply();
  }

  /** CSS pixels for each of the guest's. */
  get scale() {
    const { width } = this.#size();
    return width > 0 ? this.#screen.element.getBoundingClientRect().width / width : 1;
  }

  /** Where the picture lies in the stage. */
  get box() {
    return this.#screen.element.getBoundingClientRect();
  }

  /** The place in the picture, 0 to 1 of its width and height; null while there is none. @param {{clientX: number, clientY: number}} point */
  fractionAt({ clientX, clientY }) {
    const box = this.box;
    return box.width > 0 && box.height > 0 ? { x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height } : null;
  }

  /** Moves a picture larger than the window to where the pointer is in the window. @param {{clientX: number, clientY: number}} point */
  lookAt({ clientX, clientY }) {
    const room = this.#stage.getBoundingClientRect();
    // The last pixel of the window is to reach the last of the picture.
    this.#lookTo((clientX - room.left) / (room.width - 1), (clientY - room.top) / (room.height - 1));
  }

  /** Moves a picture larger than the window to a pixel of the guest's. @param {number} x @param {number} y */
  reveal(x, y) {
    const { width, height } = this.#size();
    if (width && height) this.#lookTo(x / width, y / height);
  }

  apply() {
    const { width, height } = this.#size();
    if (!width || !height) return;
    const room = this.#stage.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
    const scale = this.#scaleFor(Math.min(room.width / width, room.height / height), ratio);
    const w = width * scale, h = height * scale;
    // On whole device pixels, else the picture is blurred by a resampling for nothing.
    const snap = (/** @type {number} */ v) => Math.round(v * ratio) / ratio;
    const place = (/** @type {number} */ free, /** @type {number} */ look) => snap(free * (free < 0 ? look : .5));
    for (const { style } of this.#screen.placed) Object.assign(style, {
      width: `${snap(w)}px`, height: `${snap(h)}px`, transform: `translate(${place(room.width - w, this.#look.x)}px, ${place(room.height - h, this.#look.y)}px)`,
    });
    document.body.dataset.scale = Number.isInteger(Math.round(scale * ratio * 1e6) / 1e6) ? "whole" : "fit";
    this.onChange();
  }

  /** @param {number} fit the largest scale at which all is seen @param {number} ratio of the device's pixels to CSS pixels */
  #scaleFor(fit, ratio) {
    switch (this.#scaling) {
      case "actual": return 1 / ratio;
      // A picture that does not fit even once is shrunk.
      case "whole": return fit * ratio < 1 ? fit : Math.floor(fit * ratio) / ratio;
      default: return fit;
    }
  }

  /** @param {number} x @param {number} y */
  #lookTo(x, y) {
    if (this.#scaling !== "actual") return;
    this.#look = { x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)) };
    this.apply();
  }

  #size() {
    const size = this.#screen.size;
    return size.width > 0 ? size : this.#mode;
  }
}
