/** How long the picture takes to fade in over the still one, see app.css. */
const FADE_MS = 200;

/**
 * What shows the guest's picture: a video element that WebRTC feeds, or a canvas that decoded frames are drawn
 * on. One of them is visible. Until it shows something, a still picture stands in its place.
 */
export class Screen {
  #video;
  #canvas;
  #useCanvas = false;
  #canvasSize = { width: 0, height: 0 };
  /** @type {HTMLImageElement | null} */
  #still;
  /** Called when the picture takes on another size. @type {() => void} */
  onResize = () => {};

  /** @param {HTMLVideoElement} video @param {HTMLCanvasElement} canvas @param {HTMLImageElement} still */
  constructor(video, canvas, still) {
    this.#video = video;
    this.#canvas = canvas;
    this.#still = still;
    video.addEventListener("resize", () => this.onResize());
  }

  get video() {
    return this.#video;
  }

  /** The visible one. @returns {HTMLElement} */
  get element() {
    return this.#useCanvas ? this.#canvas : this.#video;
  }

  /** All that has the picture's place. @returns {HTMLElement[]} */
  get placed() {
    return this.#still ? [this.element, this.#still] : [this.element];
  }

  /** There is a living picture from now on. */
  endStill() {
    const still = this.#still;
    this.#still = null;
    if (still) setTimeout(() => still.remove(), FADE_MS);
  }

  /** Of the picture in its own pixels; 0 while there is none. */
  get size() {
    return this.#useCanvas ? this.#canvasSize : { width: this.#video.videoWidth, height: this.#video.videoHeight };
  }

  /** Hands the canvas to a worker; once. */
  offscreen() {
    return this.#canvas.transferControlToOffscreen();
  }

  /** @param {number} width @param {number} height */
  canvasSize(width, height) {
    this.#canvasSize = { width, height };
    this.onResize();
  }

  /** @param {boolean} value */
  set useCanvas(value) {
    if (value === this.#useCanvas) return;
    this.#useCanvas = value;
    this.#canvas.hidden = !value;
    this.#video.hidden = value;
    this.onResize();
  }
}
