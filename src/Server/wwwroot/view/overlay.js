/** @import { Fallback } from "../link/fallback.js" */
/** @import { Received, Reception } from "../link/reception.js" */
/** @import { ServerClock } from "../link/server-clock.js" */
/** @import { Statistics } from "../link/session.js" */
/** @import { Sighting, Sightings } from "../link/sightings.js" */
/** @import { Screen } from "./screen.js" */
import { Answers, percentile } from "./answers.js";
import { element } from "./element.js";
import { HOST_STAGES, STAGES, StageGraph, sum } from "./stage-graph.js";
import { markMessage } from "../input/messages.js";

const SAMPLE_EVERY_MS = 1000;
/** How often the server is told when an input happened, unless somebody waits for its picture. */
const TELL_EVERY_MS = 500;
/** Pictures whose times at this end are kept for the server's word on them: a second at 240 a second. */
const REMEMBERED = 256;
/** Where the statistics have a frame's name, and when its last packet was sent; its size is before them. */
const NAME = HOST_STAGES + 1, SENT_US = HOST_STAGES + 2;
const FIGURES = /** @type {const} */ ([
  ["click", "Click to pixel"], ["parts", "of which"], ["glass", "Damage to screen"], ["host", "Server"], ["browser", "Browser"], ["pictures", "Pictures a second"], ["rate", "Bit rate"], ["path", "Path"],
  ["codec", "Codec"], ["way", "Way"],
]);

/**
 * Shows where a frame's time goes: the server's stages frame by frame, what the way and the browser add, and from input to
 * picture. Costs nothing while it is closed.
 */
export class Overlay {
  #box = element("overlay");
  #button = element("overlay-button");
  #graph = new StageGraph(/** @type {HTMLCanvasElement} */ (element("overlay-graph")));
  #answers = new Answers();
  #page;
  #server;
  #open = false;
  /** @type {number | undefined} */
  #timer;
  /** @type {Map<number, Sighting>} */
  #sightings = new Map();
  /** When the server was last told of an input. */
  #toldAt = -Infinity;
  /** Pictures that the worker has drawn; of the video the browser's statistics tell. */
  #drawn = 0;
  /** Of the picture before, if the next one was wanted. */
  #lastShownAt = 0;
  /** Of the fallback, a sample ago. */
  #bytesBefore = 0;
  /** @type {Statistics | null} */
  #latest = null;
  /** One second before the latest. @type {Statistics[]} */
  #history = [];
  /** @type {Map<string, HTMLElement>} */
  #figures = new Map();

  /**
   * @param {{screen: Screen, sightings: Sightings, reception: Reception, fallback: Fallback, clock: ServerClock}} page
   * @param {{command: (command: {type: "statistics", on: boolean}) => void, transmit: (message: Uint8Array, loose: boolean) => void}} server
   */
  constructor(page, server) {
    this.#page = page;
    this.#server = server;
    this.#button.addEventListener("click", () => this.toggle());
    window.addEventListener("keydown", e => {
      if (e.code !== "KeyS" || !e.ctrlKey || !e.altKey || !e.shiftKey || e.repeat) return;
      e.preventDefault();
      e.stopImmediatePropagation();
      this.toggle();
      // On the way here the other three keys have taken the focus from the screen to the bar.
      if (document.activeElement?.closest("#toolbar")) element("stage").focus();
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
    this.#page.sightings.listener = this.#open ? sighting => this.#picture(sighting) : null;
    this.#sightings.clear();
    if (!this.#open) return;
    this.#graph.draw();
    this.#answers = new Answers();
    this.#lastShownAt = this.#drawn = 0;
    this.#bytesBefore = this.#page.fallback.received.bytes;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_EVERY_MS);
  }

  /** The session has been opened anew, or the overlay: says what the page wants to hear. */
  connected() {
    this.#history = [];
    this.#server.command({ type: "statistics", on: this.#open });
  }

  /** Tells the server now and then when an input happened that was just sent, and asks for its picture while anybody wants to know. @param {Uint8Array} message @param {boolean} loose */
  sent(message, loose) {
    // Key, button and motion; of a key its way down.
    if ((message[0] ?? 0) > 4 || (message[0] === 1 && message[1] !== 1)) return;
    const at = window.event?.timeStamp ?? performance.now(), stamp = this.#open ? this.#answers.mark(at) : 0;
    if (!stamp && at - this.#toldAt < TELL_EVERY_MS) return;
    this.#toldAt = at;
    this.#server.transmit(markMessage(stamp, this.#page.clock.us(at)), loose);
    if (stamp) this.#page.sightings.look();
  }

  /** @param {import("../link/session.js").Answer} answer */
  answer({ stamp, picture, heardUs, damageUs }) {
    const { aheadMs } = this.#page.clock;
    this.#answers.answer(stamp, picture, heardUs / 1000 - aheadMs, damageUs / 1000 - aheadMs);
  }

  /** @param {Statistics} statistics */
  statistics(statistics) {
    if (!this.#open) return;
    this.#latest = statistics;
    this.#history.push(statistics);
    while (this.#history.length > 1 && statistics.atMs - (this.#history[1]?.atMs ?? 0) >= 1000) this.#history.shift();
    this.#graph.add(statistics.frames.map(frame => ({ stages: frame.slice(0, HOST_STAGES), picture: frame[NAME] ?? -1, sentUs: frame[SENT_US] ?? 0 })));
    const joined = this.#join();
    if (statistics.frames.length + joined > 0) this.#graph.draw();
  }

  /** Two in a row for the time between them; all while an answer is waited for. @param {Sighting} sighting @returns whether the next one is wanted */
  #picture(sighting) {
    this.#drawn++;
    if (this.#lastShownAt) this.#graph.gap(sighting.shownAt - this.#lastShownAt);
    this.#answers.picture(sighting.picture, sighting.shownAt);
    this.#sightings.set(sighting.picture, sighting);
    if (this.#sightings.size > REMEMBERED) for (const oldest of this.#sightings.keys()) {
      this.#sightings.delete(oldest);
      break;
    }
    const next = this.#lastShownAt === 0 || this.#answers.waiting(sighting.shownAt);
    this.#lastShownAt = next ? sighting.shownAt : 0;
    return next;
  }

  /** Adds to the server's part of a frame's way what was seen of it here. @returns how many are whole with that */
  #join() {
    let joined = 0;
    const { aheadMs } = this.#page.clock;
    for (const frame of this.#graph.frames) {
      const sighting = frame.stages.length === HOST_STAGES ? this.#sightings.get(frame.picture) : undefined;
      if (!sighting || Number.isNaN(sighting.receivedAt + aheadMs)) continue;
      const pathMs = Math.max(0, sighting.receivedAt + aheadMs - frame.sentUs / 1000);
      const showMs = Math.max(0, sighting.shownAt - sighting.receivedAt - sighting.decodeMs);
      frame.stages.push(pathMs * 1000, sighting.decodeMs * 1000, showMs * 1000);
      joined++;
    }
    return joined;
  }

  async #sample() {
    const received = await this.#page.reception.sample();
    const drawn = this.#drawn;
    this.#drawn = 0;
    if (this.#open) this.#write(received, drawn);
  }

  /** @param {Received | null} received @param {number} drawn */
  #write(received, drawn) {
    const { screen, fallback, clock } = this.#page;
    const now = this.#latest, before = this.#history[0], answers = this.#answers.times, ways = this.#graph.frames.map(frame => frame.stages);
    const hosts = ways.map(stages => sum(stages, 0, HOST_STAGES)), seen = ways.filter(stages => stages.length === STAGES.length), onSocket = screen.element !== screen.video;
    const link = onSocket ? undefined : now?.link, seconds = now && before ? (now.atMs - before.atMs) / 1000 : 0;
    const rate = (/** @type {number | undefined} */ a, /** @type {number | undefined} */ b) => seconds > 0 ? Math.round(((a ?? 0) - (b ?? 0)) / seconds) : 0;
    const { bytes, codec } = fallback.received, socketBits = (bytes - this.#bytesBefore) * 8000 / SAMPLE_EVERY_MS;
    this.#bytesBefore = bytes;
    this.#set("click", answers.length ? middleAndTail(answers) : "press a key");
    this.#set("parts", partsText(this.#answers.parts));
    this.#set("glass", seen.length ? middleAndTail(seen.map(stages => sum(stages))) : "–");
    this.#set("host", hosts.length ? middleAndTail(hosts) : "at rest");
    this.#set("browser", browserText(received, seen));
    this.#set("pictures", `${rate(now?.encoded, before?.encoded)} made  ${link ? `${rate(link.sent, before?.link?.sent)} sent  ` : ""}${onSocket ? drawn : received ? Math.round((received.frames - received.dropped) / received.seconds) : 0} shown`);
    this.#set("rate", link ? `${mbit(rate(link.bytes, before?.link?.bytes) * 8)} of ${mbit(link.estimateBps || now?.targetBps || 0)} Mbit/s` : onSocket ? `${mbit(socketBits)} Mbit/s` : "–");
    this.#set("path", link ? `${ms(received?.roundTripMs || link.roundTripMs)}  loss ${(link.loss * 100).toFixed(1)} %${link.queue ? "  queue" : ""}` : onSocket ? ms(clock.roundTripMs) : "–");
    const { width, height } = screen.size, name = onSocket ? codec : received?.codec;
    this.#set("codec", name ? `${name}  ${width} × ${height}` : "–");
    this.#set("way", [now?.converter, now?.encoder, link?.transport ?? "WebSocket"].filter(Boolean).join(" → "));
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

/** What this end adds: of each picture, or as the browser's own means. @param {Received | null} received @param {number[][]} seen */
function browserText(received, seen) {
  if (received?.frames) return `${ms(received.frameMs)}: buffer ${ms(received.bufferMs)}, decoder ${ms(received.decodeMs)}`;
  if (!seen.length) return "–";
  const decode = seen.map(stages => sum(stages, HOST_STAGES + 1, HOST_STAGES + 2)), all = seen.map(stages => sum(stages, HOST_STAGES + 1));
  return `${ms(percentile(all, 50))}: decoder ${ms(percentile(decode, 50))}`;
}

/** Where the time from input to picture goes. @param {number[][]} parts */
function partsText(parts) {
  const [way, guest, picture] = [0, 1, 2].map(part => percentile(parts.map(one => one[part] ?? NaN).filter(value => !Number.isNaN(value)), 50));
  return way === undefined || Number.isNaN(way) ? "–" : `to the server ${ms(way)}, guest ${ms(guest ?? NaN)}, picture ${ms(picture ?? NaN)}`;
}

/** @param {number[]} values in ms */
function middleAndTail(values) {
  return `${ms(percentile(values, 50))}  p95 ${ms(percentile(values, 95))}`;
}

/** @param {number} value */
function ms(value) {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

/** @param {number} bitsPerSecond */
function mbit(bitsPerSecond) {
  return (bitsPerSecond / 1e6).toFixed(1);
}
