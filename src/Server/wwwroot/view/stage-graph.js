import { percentile } from "./answers.js";

/** The stages in their order on the way, with the colours of the graph and its legend: the server's as it sends them, then this end's. */
export const STAGES = /** @type {const} */ ([
  ["wait", "#8b93a5"], ["pace", "#5d6678"], ["wake", "#f0c255"], ["import", "#b48ce8"], ["convert", "#58d39b"], ["encode", "#5aa9f7"], ["queue", "#f27fb2"], ["send", "#f2925a"],
  ["path", "#4fd0d6"], ["decode", "#3f76c9"], ["show", "#c3cad8"],
]);
/** How many of them are the server's. */
export const HOST_STAGES = 8;

/** One frame's way: µs for each of the stages, of which those at this end are added once its picture has been seen here. @typedef {{stages: number[], picture: number, sentUs: number}} Way */

const BARS = 200, GAPS_HEIGHT = 34;
/** Tops of the scale, in ms. */
const SCALES = [2, 4, 8, 17, 34, 68, 136, 272, 1000];

/** A bar for each of the last frames, as high as it took; below it the time between pictures on this screen. */
export class StageGraph {
  #canvas;
  /** @type {Way[]} */
  #frames = [];
  /** @type {number[]} */
  #gaps = [];

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
  }

  /** Those that are drawn. */
  get frames() {
    return this.#frames;
  }

  /** @param {Way[]} frames */
  add(frames) {
    this.#frames = [...this.#frames, ...frames].slice(-BARS);
  }

  /** @param {number} ms between two pictures on the screen */
  gap(ms) {
    this.#gaps.push(ms);
    if (this.#gaps.length > BARS) this.#gaps.shift();
  }

  draw() {
    const ratio = window.devicePixelRatio || 1, width = this.#canvas.clientWidth, height = this.#canvas.clientHeight;
    if (this.#canvas.width !== Math.round(width * ratio)) Object.assign(this.#canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    const context = this.#canvas.getContext("2d");
    if (!context) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = "10px system-ui, sans-serif";
    this.#drawStages(context, width, height - GAPS_HEIGHT - 10);
    this.#drawGaps(context, width, height);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
  #drawStages(context, width, height) {
    const top = scaleOf(this.#frames.map(frame => sum(frame.stages))), step = stepOf(width);
    context.fillStyle = "rgb(255 255 255 / 10%)";
    for (const part of [0.5, 1]) context.fillRect(0, Math.round(height * (1 - part)), width, 1);
    // Colour by colour, so that few are set. Rectangles of their own: a path of many is drawn ten times slower.
    const tops = this.#frames.map(() => height);
    STAGES.forEach(([, colour], stage) => {
      context.fillStyle = colour;
      this.#frames.forEach((frame, i) => {
        const part = (frame.stages[stage] ?? 0) / 1000 / top * height;
        if (part < 0.3) return;
        const bottom = tops[i] ?? 0, y = bottom - part;
        context.fillRect(width - (this.#frames.length - i) * step, Math.round(y), step, Math.round(bottom) - Math.round(y));
        tops[i] = y;
      });
    });
    this.#label(context, `${top} ms`, 2, 11);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
  #drawGaps(context, width, height) {
    const top = scaleOf(this.#gaps), step = stepOf(width);
    context.fillStyle = "rgb(255 255 255 / 10%)";
    context.fillRect(0, height - 1, width, 1);
    context.fillStyle = "#c9d2e4";
    this.#gaps.forEach((gap, i) => {
      const part = Math.min(1, gap / top) * GAPS_HEIGHT;
      context.fillRect(width - (this.#gaps.length - i) * step, Math.round(height - part), step, 2);
    });
    this.#label(context, `between pictures, ${top} ms`, 2, height - GAPS_HEIGHT + 8);
  }

  /** @param {CanvasRenderingContext2D} context @param {string} text @param {number} x @param {number} y */
  #label(context, text, x, y) {
    context.fillStyle = "rgb(12 14 18 / 70%)";
    context.fillRect(x - 2, y - 9, context.measureText(text).width + 5, 12);
    context.fillStyle = "#99a1b3";
    context.fillText(text, x, y);
  }
}

/** Stages put together, in ms. @param {number[]} stages @param {number} from @param {number} to */
export function sum(stages, from = 0, to = stages.length) {
  let us = 0;
  for (let i = from; i < to; i++) us += stages[i] ?? 0;
  return us / 1000;
}

/** A bar's width in whole pixels, which are drawn without blending. @param {number} width */
function stepOf(width) {
  return Math.max(1, Math.floor(width / BARS));
}

/** A single late frame may leave the graph at the top; it must not make all others too low to see. @param {number[]} values */
function scaleOf(values) {
  const most = percentile(values, 97);
  return SCALES.find(ms => !(most > ms)) ?? 1000;
}
