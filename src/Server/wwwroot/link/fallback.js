/** @import { Screen } from "../view/screen.js" */
/** @import { Sighting } from "./sightings.js" */

/** The picture over a WebSocket, where UDP does not pass. Needs WebCodecs, and so https or localhost. */
export class Fallback {
  #console;
  #screen;
  #events;
  /** @type {Worker | null} */
  #worker = null;
  #running = false;
  /** What came so far. */
  #received = { bytes: 0, codec: "" };

  /** @param {number} console @param {Screen} screen @param {{picture: (sighting: Sighting) => void, lost: () => void}} events */
  constructor(console, screen, events) {
    this.#console = console;
    this.#screen = screen;
    this.#events = events;
  }

  /** Whether this browser can do it, here. */
  static get possible() {
    return "VideoDecoder" in window && "transferControlToOffscreen" in HTMLCanvasElement.prototype;
  }

  get running() {
    return this.#running;
  }

  /** Bytes of pictures so far, and what they are. */
  get received() {
    return this.#received;
  }

  start() {
    if (this.#running || !Fallback.possible) return;
    this.#running = true;
    this.#worker ??= this.#createWorker();
    const address = new URL(`/video?console=${this.#console}`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    this.#worker.postMessage({ type: "open", address: address.href });
  }

  stop() {
    if (!this.#running) return;
    this.#running = false;
    this.#worker?.postMessage({ type: "close" });
  }

  /** @param {Sighting & {bytes: number, codec: string}} message times on a clock that the worker has too */
  #picture({ picture, receivedAt, decodeMs, shownAt, bytes, codec }) {
    this.#received = { bytes, codec };
    this.#events.picture({ picture, receivedAt: receivedAt - performance.timeOrigin, decodeMs, shownAt: shownAt - performance.timeOrigin });
  }

  #createWorker() {
    const worker = new Worker(workerAddress(), { type: "module" });
    const canvas = this.#screen.offscreen();
    worker.onmessage = e => {
      if (!this.#running) return;
      if (e.data.type === "size") this.#screen.canvasSize(e.data.width, e.data.height);
      else if (e.data.type === "picture") this.#picture(e.data);
      else if (e.data.type === "lost") {
        this.#running = false;
        this.#events.lost();
      }
    };
    worker.postMessage({ type: "canvas", canvas }, [canvas]);
    return worker;
  }
}

/** The page's policy lets scripts come from addresses that are vouched for: this is the only one. */
function workerAddress() {
  const address = "/link/decoder-worker.js";
  const types = /** @type {any} */ (window).trustedTypes;
  return types ? types.createPolicy("qzc-worker", { createScriptURL: () => address }).createScriptURL(address) : address;
}
