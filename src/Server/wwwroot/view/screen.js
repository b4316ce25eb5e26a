/**
 * What shows the guest's picture: a video element that WebRTC feeds, or a canvas that decoded frames are drawn
 * on. One of them is visible.
 */
export class Screen {
  #video;
  #canvas;
  #useCanvas = false;
  #canvasSize = { width: 0, height: 0 };
  /** Called when the picture takes on another size. @type {() => void} */
  onResize = () => {};

  /** @param {HTMLVideoElement} video @param {HTMLCanvasElement} canvas */
  constructor(video, canvas) {
    this.#video = video;
    this.#canvas = canvas;
    video.addEventListener("resize", () => this.onResize());
  }

  get video() {
    return this.#video;
  }

  /** The visible one. @returns {HTMLElement} */
  get element() {
    return this.#useCanvas ? this.#canvas : this.#video;
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
