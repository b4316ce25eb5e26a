/** @import { Screen } from "./screen.js" */

/**
 * Places the picture in the window: as large as fits, or pixel by pixel. Sizes come from the console's mode and
 * the picture alike; the picture's wins, as that is what is seen.
 */
export class Layout {
  #stage;
  #screen;
  #mode = { width: 0, height: 0 };
  #pixel = false;
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

  get pixelByPixel() {
    return this.#pixel;
  }

  set pixelByPixel(value) {
    this.#pixel = value;
    document.body.dataset.scale = value ? "pixel" : "fit";
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

  apply() {
    const { width, height } = this.#size();
    if (!width || !height) return;
    const room = this.#stage.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
    const fit = Math.min(room.width / width, room.height / height);
    // Pixel by pixel is meant in the device's pixels, and still has to fit.
    const scale = this.#pixel ? Math.min(fit, Math.max(1, Math.floor(fit * ratio)) / ratio) : fit;
    const w = width * scale, h = height * scale;
    // On whole device pixels, else the picture is blurred by a resampling for nothing.
    const snap = (/** @type {number} */ v) => Math.round(v * ratio) / ratio;
    Object.assign(this.#screen.element.style, { width: `${snap(w)}px`, height: `${snap(h)}px`, transform: `translate(${snap((room.width - w) / 2)}px, ${snap((room.height - h) / 2)}px)` });
    this.onChange();
  }

  #size() {
    const size = this.#screen.size;
    return size.width > 0 ? size : this.#mode;
  }
}
