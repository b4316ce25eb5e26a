/** @import { GuestCopy } from "./clipboard.js" */

/**
 * @typedef {{type: "hello", server: string, session: string, console: number, toGuest: boolean, fromGuest: boolean}} Hello
 * @typedef {{type: "machine", status: "connecting" | "running" | "gone", detail: string, name: string, controllable: boolean, paused: boolean, sound: boolean, recording: boolean, consoles: {index: number, label: string}[], terminals: {id: string, label: string}[], drives: Drive[], files: string[]}} MachineState
 * @typedef {{id: string, label: string, medium: string, open: boolean}} Drive
 * @typedef {{type: "console", width: number, height: number, present: boolean, absolute: boolean, touch: number, caps: boolean, num: boolean, scroll: boolean, problem: string}} ConsoleState
 * @typedef {{type: "pointer", x: number, y: number, visible: boolean}} PointerState
 * @typedef {{width: number, height: number, hotX: number, hotY: number, pixels: Uint8ClampedArray<ArrayBuffer>}} CursorImage
 * @typedef {{type: "drive", target: string, own: boolean, mayBeOwn: boolean, choices: string[]}} DriveState
 * @typedef {{type: "viewers", count: number, controls: boolean, speaker: "nobody" | "you" | "another", rule: "all" | "first" | "last" | "token", list: {name: string, controls: boolean, own: boolean}[]}} Viewers
 * @typedef {{transport: string, roundTripMs: number, loss: number, estimateBps: number, queue: boolean, bytes: number, repeated: number, sent: number, skipped: number}} LinkStatistics
 * @typedef {{type: "statistics", atMs: number, frames: number[][], targetBps: number, taken?: number, encoded?: number, converter?: string, encoder?: string, link?: LinkStatistics}} Statistics
 * @typedef {{type: "answer", stamp: number, picture: number, heardUs: number, damageUs: number}} Answer
 * @typedef {{type: "resize", width: number, height: number, widthMm: number, heightMm: number} | {type: "machine", action: string} | {type: "name", name: string} | {type: "control"} | {type: "pace", fps: number} | {type: "sound", spareMs: number} | {type: "medium", drive: string, file?: string, force?: boolean} | {type: "statistics", on: boolean} | {type: "seen", picture: number, receivedUs: number, decodeUs: number, showUs: number}} Command
 * @typedef {object} SessionEvents
 * @property {(hello: Hello) => void} hello
 * @property {(machine: MachineState) => void} machine
 * @property {(state: ConsoleState) => void} console
 * @property {(state: DriveState) => void} drive
 * @property {(viewers: Viewers) => void} viewers
 * @property {(pointer: PointerState) => void} pointer
 * @property {(cursor: CursorImage) => void} cursor
 * @property {(copy: GuestCopy) => void} clipboard
 * @property {(text: string) => void} say
 * @property {(statistics: Statistics) => void} statistics
 * @property {(answer: Answer) => void} answer
 * @property {(roundTripMs: number) => void} alive
 * @property {(denied: boolean) => void} lost
 */

import { aliveMessage } from "../input/messages.js";
import { Relay } from "./relay.js";
import { ServerClock } from "./server-clock.js";

const CURSOR = 1, ALIVE = 2, CURSOR_HEADER_BYTES = 9;
const RETRY_MS = [100, 300, 700, 1000];
const ALIVE_EVERY_MS = 1000;
/** Silence after which a connection that looks open is given up; so late, a beat says that the page itself was held up. */
const SILENT_MS = 4000, LATE_BEAT_MS = 2 * ALIVE_EVERY_MS;

/** The WebSocket that carries input and state; takes itself up again, within a second of the server's return. */
export class Session {
  /** The server's clock, told with each answer. */
  clock = new ServerClock();
  /** @type {Relay<SessionEvents>} */
  #events = new Relay();
  #opened;
  #console;
  #viewer;
  #attempt = 0;
  #heardAt = 0;
  #beatAt = 0;
  /** @type {WebSocket | null} */
  #socket = null;

  /** @param {number} console @param {string} viewer what all windows of this browser have in common @param {(hello: Hello) => void} opened hears first that it is open */
  constructor(console, viewer, opened) {
    this.#console = console;
    this.#viewer = viewer;
    this.#opened = opened;
    setInterval(() => this.#beat(), ALIVE_EVERY_MS);
    window.addEventListener("online", () => this.#socket ?? this.#connect());
    this.#connect();
  }

  /** Who hears of everything, from the first word on. @param {SessionEvents} listener */
  set listener(listener) {
    this.#events.listener = listener;
  }

  /** Sends a message now or not at all: old input is worse than none. @param {Uint8Array} message */
  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(/** @type {Uint8Array<ArrayBuffer>} */ (message));
  }

  /** Asks for something in words. @param {Command} command */
  command(command) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(command));
  }

  #connect() {
    const address = new URL(`/session?console=${this.#console}&viewer=${this.#viewer}`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#heardAt = performance.now();
    socket.onmessage = e => {
      this.#heardAt = performance.now();
      if (typeof e.data === "string") this.#text(JSON.parse(e.data));
      else this.#bytes(e.data);
    };
    socket.onclose = () => this.#lost(socket);
  }

  /** @param {WebSocket} socket */
  async #lost(socket) {
    if (this.#socket !== socket) return;
    this.#socket = null;
    // A WebSocket does not tell why it was refused; a plain request does.
    const status = await fetch("/session", { cache: "no-store" }).then(r => r.status, () => 0);
    const denied = status === 401 || status === 403;
    this.#events.tell("lost", denied);
    if (!denied) setTimeout(() => this.#socket ?? this.#connect(), RETRY_MS[Math.min(this.#attempt++, RETRY_MS.length - 1)]);
  }

  #beat() {
    const socket = this.#socket, now = performance.now();
    // Nothing was asked meanwhile, and what has come waits to be looked at; but a computer that slept may have lost the connection.
    if (now - this.#beatAt > LATE_BEAT_MS) this.#heardAt = Math.max(this.#heardAt, now - SILENT_MS / 2);
    this.#beatAt = now;
    if (!socket) return;
    if (now - this.#heardAt > SILENT_MS) {
      socket.onclose = null;
      socket.close();
      this.#lost(socket);
    } else {
      this.send(aliveMessage(performance.now() * 1000 >>> 0 || 1));
    }
  }

  /** @param {number} roundTripMs @param {number} us the server's clock */
  #alive(roundTripMs, us) {
    const now = performance.now();
    this.clock.hear(now - roundTripMs, now, us);
    this.#events.tell("alive", roundTripMs);
  }

  /** @param {any} message */
  #text(message) {
    switch (message.type) {
      case "hello":
        this.#attempt = 0;
        this.clock.forget();
        this.#opened(message);
        this.#events.tell("hello", message);
        break;
      case "machine": this.#events.tell("machine", message); break;
      case "console": this.#events.tell("console", message); break;
      case "drive": this.#events.tell("drive", message); break;
      case "viewers": this.#events.tell("viewers", message); break;
      case "statistics": this.#events.tell("statistics", message); break;
      case "answer": this.#events.tell("answer", message); break;
      case "pointer": this.#events.tell("pointer", message); break;
      case "say": this.#events.tell("say", message.text); break;
      case "clipboard": this.#events.tell("clipboard", message); break;
    }
  }

  /** @param {ArrayBuffer} data */
  #bytes(data) {
    const view = new DataView(data);
    switch (view.getUint8(0)) {
      case CURSOR:
        this.#events.tell("cursor", {
          width: view.getUint16(1, true), height: view.getUint16(3, true), hotX: view.getUint16(5, true), hotY: view.getUint16(7, true),
          pixels: new Uint8ClampedArray(data, CURSOR_HEADER_BYTES),
        });
        break;
      case ALIVE:
        // 0 is what a held key's heartbeat carries, which asks for no answer.
        if (view.getUint32(1, true)) this.#alive(((performance.now() * 1000 >>> 0) - view.getUint32(1, true) >>> 0) / 1000, Number(view.getBigInt64(5, true)));
        break;
    }
  }
}
