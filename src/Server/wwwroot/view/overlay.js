/** @import { Media } from "../link/media.js" */
/** @import { Received, Reception } from "../link/reception.js" */
/** @import { Statistics } from "../link/session.js" */
import { Answers, percentile } from "./answers.js";
import { STAGES, StageGraph } from "./stage-graph.js";
import { markMessage } from "../input/messages.js";

const SAMPLE_EVERY_MS = 1000;
const FIGURES = /** @type {const} */ ([
  ["click", "Click to pixel"], ["host", "Server"], ["pictures", "Pictures a second"], ["rate", "Bit rate"], ["path", "Path"], ["browser", "Browser"], ["codec", "Codec"], ["way", "Way"],
]);

/**
 * Shows where a frame's time goes: the server's stages frame by frame, what the browser adds, and from input to picture.
 * Costs nothing while it is closed.
 */
export class Overlay {
  #box = element("overlay");
  #button = element("overlay-button");
  #graph = new StageGraph(/** @type {HTMLCanvasElement} */ (element("overlay-graph")));
  #answers = new Answers();
  #video;
  #media;
  #reception;
  #command;
  #open = false;
  /** @type {number | undefined} */
  #timer;
  #shown = 0;
  #shownBefore = 0;
  #lastShownAt = 0;
  /** @type {Statistics | null} */
  #latest = null;
  /** One second before the latest. @type {Statistics[]} */
  #history = [];
  /** @type {Map<string, HTMLElement>} */
  #figures = new Map();

  /**
   * @param {HTMLVideoElement} video
   * @param {Media} media
   * @param {Reception} reception
   * @param {(command: {type: "statistics", on: boolean}) => void} command
   */
  constructor(video, media, reception, command) {
    this.#video = video;
    this.#media = media;
    this.#reception = reception;
    this.#command = command;
    this.#button.addEventListener("click", () => this.toggle());
    window.addEventListener("keydown", e => {
      if (e.code !== "KeyS" || !e.ctrlKey || !e.altKey || !e.shiftKey || e.repeat) return;
      e.preventDefault();
      e.stopImmediatePropagation();
      this.toggle();
    }, true);
    this.#build();
  }

  get open() {
    return this.#open;
  }

  toggle() {
    this.#open = !this.#open;
    this.#box.hidden = !this.#open;
    this.#button.setAttribute("aria-pressed", String(this.#open));
    this.connected();
    clearInterval(this.#timer);
    if (!this.#open) return;
    this.#answers = new Answers();
    this.#lastShownAt = 0;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_EVERY_MS);
    this.#video.requestVideoFrameCallback((_, picture) => this.#picture(picture));
  }

  /** The session has been opened anew, or the overlay: says what the page wants to hear. */
  connected() {
    this.#history = [];
    this.#command({ type: "statistics", on: this.#open });
  }

  /** Marks an input that was just sent, now and then. @param {Uint8Array} message @param {boolean} loose */
  sent(message, loose) {
    // Key, button and motion; of a key its way down.
    if (!this.#open || (message[0] ?? 0) > 4 || (message[0] === 1 && message[1] !== 1)) return;
    const stamp = this.#answers.mark(window.event?.timeStamp ?? performance.now());
    if (stamp) this.#media.send(markMessage(stamp), loose);
  }

  /** @param {{stamp: number, rtp: number}} answer */
  answer({ stamp, rtp }) {
    this.#answers.answer(stamp, rtp);
  }

  /** @param {Statistics} statistics */
  statistics(statistics) {
    if (!this.#open) return;
    this.#latest = statistics;
    this.#history.push(statistics);
    while (this.#history.length > 1 && statistics.atMs - (this.#history[1]?.atMs ?? 0) >= 1000) this.#history.shift();
    this.#graph.add(statistics.frames);
    this.#graph.draw();
  }

  /** @param {VideoFrameCallbackMetadata} picture */
  #picture(picture) {
    if (!this.#open) return;
    this.#video.requestVideoFrameCallback((_, next) => this.#picture(next));
    this.#shown++;
    if (this.#lastShownAt) this.#graph.gap(picture.expectedDisplayTime - this.#lastShownAt);
    this.#lastShownAt = picture.expectedDisplayTime;
    if (picture.rtpTimestamp !== undefined) this.#answers.picture(picture.rtpTimestamp, picture.expectedDisplayTime);
  }

  async #sample() {
    const received = await this.#reception.sample();
    const shown = this.#shown - this.#shownBefore;
    this.#shownBefore = this.#shown;
    if (this.#open) this.#write(received, shown);
  }

  /** @param {Received | null} received @param {number} shown */
  #write(received, shown) {
    const now = this.#latest, before = this.#history[0], totals = this.#graph.totals, answers = this.#answers.times;
    const link = now?.link, seconds = now && before ? (now.atMs - before.atMs) / 1000 : 0;
    const rate = (/** @type {number | undefined} */ a, /** @type {number | undefined} */ b) => seconds > 0 ? Math.round(((a ?? 0) - (b ?? 0)) / seconds) : 0;
    this.#set("click", answers.length ? `${ms(percentile(answers, 50))}  p95 ${ms(percentile(answers, 95))}` : "press a key");
    this.#set("host", totals.length ? `${ms(percentile(totals, 50))}  p95 ${ms(percentile(totals, 95))}` : "at rest");
    this.#set("pictures", `${rate(now?.encoded, before?.encoded)} made  ${link ? rate(link.sent, before?.link?.sent) : 0} sent  ${shown} shown`);
    this.#set("rate", link ? `${mbit(rate(link.bytes, before?.link?.bytes) * 8)} of ${mbit(link.estimateBps || now?.targetBps || 0)} Mbit/s` : "–");
    this.#set("path", link ? `${ms(received?.roundTripMs || link.roundTripMs)}  loss ${(link.loss * 100).toFixed(1)} %${link.queue ? "  queue" : ""}` : "–");
    this.#set("browser", received?.frames ? `${ms(received.frameMs)}: buffer ${ms(received.bufferMs)}, decoder ${ms(received.decodeMs)}` : "–");
    this.#set("codec", received?.codec ? `${received.codec}  ${this.#video.videoWidth} × ${this.#video.videoHeight}` : "–");
    this.#set("way", [now?.converter, now?.encoder, link?.transport ?? "WebSocket"].filter(Boolean).join(" → "));
    this.#graph.draw();
  }

  /** @param {string} name @param {string} text */
  #set(name, text) {
    const place = this.#figures.get(name);
    if (place && place.textContent !== text) place.textContent = text;
  }

  #build() {
    const list = element("overlay-figures");
    for (const [name, label] of FIGURES) {
      const term = document.createElement("dt"), figure = document.createElement("dd");
      term.textContent = label;
      this.#figures.set(name, figure);
      list.append(term, figure);
    }
    element("overlay-legend").append(...STAGES.map(([name, colour]) => {
      const entry = document.createElement("li"), mark = document.createElement("i");
      mark.style.background = colour;
      entry.append(mark, name);
      return entry;
    }));
  }
}

/** @param {number} value */
function ms(value) {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

/** @param {number} bitsPerSecond */
function mbit(bitsPerSecond) {
  return (bitsPerSecond / 1e6).toFixed(1);
}

/** @param {string} id */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
