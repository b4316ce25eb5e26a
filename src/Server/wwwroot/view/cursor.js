/** @import { CursorImage, PointerState } from "../link/session.js" */
/** @import { Layout } from "./layout.js" */

/** Browsers refuse larger cursors; those are drawn in the page. */
const MAX_CSS_CURSOR = 128;

/** Shown until the guest defines a pointer of its own: a dot that hides nothing. */
const DOT_SIZE = 7;

/**
 * The guest's pointer, drawn here: as the browser's own cursor, which follows the hand without any delay, or on
 * a canvas where the pointer is the guest's to move (relative mice) or the image is too large.
 */
export class Cursor {
  #stage;
  #canvas;
  #layout;
  /** @type {CursorImage | null} */
  #image = null;
  /** @type {HTMLCanvasElement | null} */
  #picture = null;
  #pointer = { x: 0, y: 0, visible: true };
  #absolute = true;

  /** @param {HTMLElement} stage @param {HTMLCanvasElement} canvas @param {Layout} layout */
  constructor(stage, canvas, layout) {
    this.#stage = stage;
    this.#canvas = canvas;
    this.#layout = layout;
    document.addEventListener("pointerlockchange", () => this.apply());
  }

  /** @param {CursorImage} image */
  set image(image) {
    this.#image = image;
    this.#picture = document.createElement("canvas");
    Object.assign(this.#picture, { width: image.width, height: image.height });
    this.#picture.getContext("2d")?.putImageData(new ImageData(image.pixels, image.width, image.height), 0, 0);
    this.apply();
  }

  /** @param {PointerState} pointer */
  set pointer(pointer) {
    const shown = this.#pointer.visible;
    this.#pointer = pointer;
    if (shown !== pointer.visible) this.apply();
    else this.#place();
  }

  /** @param {boolean} value */
  set absolute(value) {
    this.#absolute = value;
    this.apply();
  }

  apply() {
    const drawn = this.#image !== null && this.#pointer.visible && (!this.#absolute || !this.#fits());
    this.#canvas.hidden = !drawn;
    if (drawn) this.#draw();
    this.#stage.style.cursor = drawn || (this.#image && !this.#pointer.visible) ? "none" : this.#css();
  }

  #fits() {
    const side = Math.max(this.#image?.width ?? 0, this.#image?.height ?? 0);
    return side * this.#layout.scale <= MAX_CSS_CURSOR;
  }

  /** The image scaled as the picture is, at the device's resolution. */
  #css() {
    const ratio = window.devicePixelRatio || 1;
    if (!this.#image || !this.#picture) return this.#absolute ? dot(ratio) : "default";
    const scale = this.#layout.scale;
    const scaled = resize(this.#picture, Math.max(1, Math.round(this.#image.width * scale * ratio)), Math.max(1, Math.round(this.#image.height * scale * ratio)));
    const hot = (/** @type {number} */ v, /** @type {number} */ limit) => Math.min(Math.round(v * scale), Math.max(0, Math.floor(limit / ratio) - 1));
    return cssCursor(scaled, ratio, hot(this.#image.hotX, scaled.width), hot(this.#image.hotY, scaled.height));
  }

  #draw() {
    if (!this.#image || !this.#picture) return;
    Object.assign(this.#canvas, { width: this.#image.width, height: this.#image.height });
    this.#canvas.getContext("2d")?.drawImage(this.#picture, 0, 0);
    this.#place();
  }

  #place() {
    if (this.#canvas.hidden || !this.#image) return;
    const { left, top } = this.#layout.box, scale = this.#layout.scale;
    this.#canvas.style.width = `${this.#image.width * scale}px`;
    this.#canvas.style.transform = `translate(${left + this.#pointer.x * scale}px, ${top + this.#pointer.y * scale}px)`;
  }
}

/** @param {HTMLCanvasElement} image @param {number} ratio @param {number} hotX @param {number} hotY */
function cssCursor(image, ratio, hotX, hotY) {
  return `image-set(url(${image.toDataURL()}) ${ratio}x) ${hotX} ${hotY}, default`;
}

/** @param {HTMLCanvasElement} image @param {number} width @param {number} height */
function resize(image, width, height) {
  const scaled = document.createElement("canvas");
  Object.assign(scaled, { width, height });
  const context = scaled.getContext("2d");
  if (context) {
    context.imageSmoothingEnabled = width < image.width || width % image.width !== 0;
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, width, height);
  }
  return scaled;
}

/** @param {number} ratio */
function dot(ratio) {
  const side = Math.round(DOT_SIZE * ratio), image = document.createElement("canvas");
  Object.assign(image, { width: side, height: side });
  const context = image.getContext("2d");
  if (context) {
    context.arc(side / 2, side / 2, side / 2 - ratio, 0, 2 * Math.PI);
    context.fillStyle = "rgb(255 255 255 / 80%)";
    context.strokeStyle = "rgb(0 0 0 / 80%)";
    context.lineWidth = ratio;
    context.fill();
    context.stroke();
  }
  return cssCursor(image, ratio, Math.floor(DOT_SIZE / 2), Math.floor(DOT_SIZE / 2));
}
