const SETTLE_MS = 300;
const MM_PER_CSS_PIXEL = 25.4 / 96;

/** @typedef {{width: number, height: number, widthMm: number, heightMm: number}} WantedSize */

/** Asks the guest for a mode of the window's size whenever that has come to rest; off until the person wants it. */
export class Follow {
  #stage;
  #ask;
  #on = false;
  /** @type {number | undefined} */
  #timer;

  /** @param {HTMLElement} stage @param {(size: WantedSize) => void} ask */
  constructor(stage, ask) {
    this.#stage = stage;
    this.#ask = ask;
    new ResizeObserver(() => this.#soon()).observe(stage);
  }

  get on() {
    return this.#on;
  }

  set on(value) {
    this.#on = value;
    this.#soon();
  }

  /** Asks once, whether the window is followed or not. */
  askOnce() {
    const { width, height } = this.#stage.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
    // Modes come in steps of 8 pixels (VESA CVT).
    const side = (/** @type {number} */ css) => Math.max(64, Math.floor(css * ratio / 8) * 8);
    this.#ask({ width: side(width), height: side(height), widthMm: Math.round(width * MM_PER_CSS_PIXEL), heightMm: Math.round(height * MM_PER_CSS_PIXEL) });
  }

  #soon() {
    clearTimeout(this.#timer);
    if (this.#on) this.#timer = setTimeout(() => this.askOnce(), SETTLE_MS);
  }
}
