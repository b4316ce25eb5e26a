// Plays what came over the WebSocket at this device's own pace: a buffer of samples between two clocks.

const RATE = 48000;
/** Frames kept in hand: at first, with each shortage more, and at most. */
const LEAST = 1920, MORE = 480, MOST = 7200;
/** What came in one go after a stall is left out beyond this, as it would only make the rest late. */
const HEAP = 6000;
/** The room for frames; a power of two. */
const ROOM = 1 << 16;
/** Frames in which the level rises from nothing or falls to it. */
const FADE = 120;
/** The mean level is taken over so long, and corrected by at most 0.3 %, as on the server (src/Pipeline/Audio/DriftControl.cs). */
const MEAN_FRAMES = 2 * RATE, GAIN = .1, LIMIT = .003;
/** Below this it is silence: the guest pauses, and nothing is short. */
const SILENCE = 1e-3;

/** @type {any} */
const scope = globalThis;

class Player extends scope.AudioWorkletProcessor {
  #sides = [new Float32Array(ROOM), new Float32Array(ROOM)];
  #written = 0;
  /** Between two frames, mostly. */
  #read = 0;
  #wanted = LEAST;
  #mean = LEAST;
  #playing = false;
  #level = 0;
  /** What was heard last. */
  #last = [0, 0];

  constructor() {
    super();
    this.port.onmessage = (/** @type {MessageEvent<Float32Array[]>} */ e) => this.#take(e.data);
  }

  /** @param {Float32Array[]} sides */
  #take([left, right = left]) {
    if (!left || !right) return;
    for (let i = 0; i < left.length; i++) {
      const at = this.#written++ & ROOM - 1;
      /** @type {Float32Array} */ (this.#sides[0])[at] = /** @type {number} */ (left[i]);
      /** @type {Float32Array} */ (this.#sides[1])[at] = /** @type {number} */ (right[i]);
    }
    if (this.#written - this.#read < this.#wanted + HEAP) return;
    this.#read = this.#written - this.#wanted;
    this.#mean = this.#wanted;
    this.#level = 0;
  }

  /** @param {Float32Array[][]} _ @param {Float32Array[][]} outputs */
  process(_, outputs) {
    const out = outputs[0] ?? [], frames = out[0]?.length ?? 0;
    this.#mean += (this.#written - this.#read - this.#mean) * frames / MEAN_FRAMES;
    const step = 1 + Math.min(LIMIT, Math.max(-LIMIT, (this.#mean - this.#wanted) / RATE * GAIN));
    for (let i = 0; i < frames; i++) {
      const inHand = this.#written - this.#read;
      if (!this.#playing && inHand >= this.#wanted) this.#start();
      else if (this.#playing && inHand < 3) this.#stop();
      this.#level = Math.min(1, Math.max(0, this.#level + (this.#playing ? 1 : -1) / FADE));
      for (let side = 0; side < out.length; side++) {
        if (this.#playing) this.#last[side] = at(/** @type {Float32Array} */ (this.#sides[side]), this.#read);
        /** @type {Float32Array} */ (out[side])[i] = this.#level * /** @type {number} */ (this.#last[side]);
      }
      if (this.#playing) this.#read += step;
    }
    return true;
  }

  #start() {
    this.#playing = true;
    this.#mean = this.#wanted;
  }

  #stop() {
    this.#playing = false;
    if (this.#last.some(sample => Math.abs(sample) > SILENCE)) this.#wanted = Math.min(MOST, this.#wanted + MORE);
  }
}

/** Between four frames, by Catmull and Rom. @param {Float32Array} samples @param {number} place */
function at(samples, place) {
  const i = Math.floor(place), t = place - i;
  const a = one(samples, i - 1), b = one(samples, i), c = one(samples, i + 1), d = one(samples, i + 2);
  return b + .5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

/** @param {Float32Array} samples @param {number} i */
function one(samples, i) {
  return /** @type {number} */ (samples[i & ROOM - 1]);
}

scope.registerProcessor("qzc-player", Player);
