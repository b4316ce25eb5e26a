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
  /** What can be seen of the image, without its empty margin. @type {{picture: HTMLCanvasElement, hotX: number, hotY: number, left: number, top: number} | null} */
  #image = null;
  #pointer = { x: 0, y: 0, visible: true };
  /** Where the hand is, in CSS pixels of the stage; null while it is elsewhere. @type {{x: number, y: number} | null} */
  #hand = null;
  #absolute = true;

  /** @param {HTMLElement} stage @param {HTMLCanvasElement} canvas @param {Layout} layout */
  constructor(stage, canvas, layout) {
    this.#stage = stage;
    this.#canvas = canvas;
    this.#layout = layout;
    document.addEventListener("pointerlockchange", () => this.apply());
    stage.addEventListener("pointermove", e => this.#handAt(e.pointerType === "touch" ? null : { x: e.clientX, y: e.clientY }));
    stage.addEventListener("pointerleave", () => this.#handAt(null));
  }

  /** @param {CursorImage} image */
  set image(image) {
    const picture = document.createElement("canvas"), seen = seenPart(image);
    Object.assign(picture, { width: seen.width, height: seen.height });
    picture.getContext("2d")?.putImageData(new ImageData(image.pixels, image.width, image.height), -seen.left, -seen.top);
    this.#image = { picture, left: seen.left, top: seen.top, hotX: image.hotX - seen.left, hotY: image.hotY - seen.top };
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
    if (value === this.#absolute) return;
    this.#absolute = value;
    this.apply();
  }

  apply() {
    const drawn = this.#image !== null && this.#pointer.visible && (!this.#absolute || !this.#fits(this.#image.picture));
    this.#canvas.hidden = !drawn;
    if (drawn) this.#draw();
    this.#stage.style.cursor = drawn || (this.#image && !this.#pointer.visible) ? "none" : this.#css();
  }

  /** @param {HTMLCanvasElement} picture */
  #fits({ width, height }) {
    return Math.max(width, height) * this.#layout.scale <= MAX_CSS_CURSOR;
  }

  /** The image scaled as the picture is, at the device's resolution. */
  #css() {
    const ratio = window.devicePixelRatio || 1;
    if (!this.#image) return this.#absolute ? dot(ratio) : "default";
    const { picture, hotX, hotY } = this.#image, scale = this.#layout.scale;
    const side = (/** @type {number} */ pixels) => Math.max(1, Math.round(pixels * scale * ratio));
    const scaled = resize(picture, side(picture.width), side(picture.height));
    const hot = (/** @type {number} */ v, /** @type {number} */ limit) => Math.min(Math.round(v * scale), Math.max(0, Math.floor(limit / ratio) - 1));
    return cssCursor(scaled, ratio, hot(hotX, scaled.width), hot(hotY, scaled.height));
  }

  #draw() {
    if (!this.#image) return;
    const { picture } = this.#image;
    Object.assign(this.#canvas, { width: picture.width, height: picture.height });
    this.#canvas.getContext("2d")?.drawImage(picture, 0, 0);
    this.#place();
  }

  #place() {
    if (this.#canvas.hidden || !this.#image) return;
    const { picture, hotX, hotY, left, top } = this.#image, scale = this.#layout.scale, box = this.#layout.box;
    // QEMU tells where the whole image's corner is.
    const x = this.#absolute ? (this.#hand?.x ?? -1e4) - hotX * scale : box.left + (this.#pointer.x + left) * scale;
    const y = this.#absolute ? (this.#hand?.y ?? -1e4) - hotY * scale : box.top + (this.#pointer.y + top) * scale;
    this.#canvas.style.width = `${picture.width * scale}px`;
    this.#canvas.style.transform = `translate(${x}px, ${y}px)`;
  }

  /** @param {{x: number, y: number} | null} hand */
  #handAt(hand) {
    this.#hand = hand;
    if (this.#absolute) this.#place();
  }
}

/**
 * The smallest rectangle that holds every pixel that is not wholly transparent, and the hot spot. Browsers hide a large
 * cursor near the window's edge, and guests send their arrows on squares of 64 pixels.
 * @param {CursorImage} image
 */
function seenPart({ width, height, hotX, hotY, pixels }) {
  let left = hotX, top = hotY, right = hotX, bottom = hotY;
  for (let y = 0, at = 3; y < height; y++)
    for (let x = 0; x < width; x++, at += 4)
      if (pixels[at]) {
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = Math.max(bottom, y);
      }
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
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
