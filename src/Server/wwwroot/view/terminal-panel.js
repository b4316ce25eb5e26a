/** @import { MachineState } from "../link/session.js" */
import { TerminalLink } from "../link/terminal.js";
import { element } from "./element.js";
import { withoutInlineStyles } from "./inline-styles.js";
import { keep, recall } from "./settings.js";
import { Unpiled, guard } from "./terminal-guard.js";

const LINES_KEPT = 10000;
const MIN_HEIGHT = 120;
const THEME = {
  background: "#0f1116", foreground: "#e8eaf0", cursor: "#7cc4ff", cursorAccent: "#0f1116", selectionBackground: "#33507a",
  black: "#1b1f27", red: "#f2777a", green: "#58d39b", yellow: "#f0c255", blue: "#6ea8fe", magenta: "#c792ea", cyan: "#66d9e8", white: "#d7dae2",
  brightBlack: "#6b7386", brightRed: "#ff9a9c", brightGreen: "#8ae7bd", brightYellow: "#ffd98a", brightBlue: "#9cc5ff", brightMagenta: "#ddb3f8", brightCyan: "#99ebf5", brightWhite: "#ffffff",
};

/** Serial ports, and QEMU's monitor where it is allowed, as a terminal below the screen. */
export class TerminalPanel {
  #panel = element("terminal-panel");
  #button = element("terminal-button");
  #box = element("terminal-screen");
  #select = /** @type {HTMLSelectElement} */ (element("terminal-select"));
  #state = element("terminal-state");
  #reader = element("terminal-reader");
  #grip = element("terminal-grip");
  #session;
  #onLeave;
  /** @type {any} */
  #terminal = null;
  /** @type {any} */
  #fit = null;
  /** @type {TerminalLink | null} */
  #link = null;
  #wanted = "";
  #controls = true;

  /** @param {() => string} session @param {() => void} onLeave gives the focus back */
  constructor(session, onLeave) {
    this.#session = session;
    this.#onLeave = onLeave;
    this.#button.addEventListener("click", () => this.open ? this.close() : this.show());
    element("terminal-close").addEventListener("click", () => this.close());
    element("terminal-break").addEventListener("click", () => { this.#link?.sendBreak(); this.#terminal?.focus(); });
    element("terminal-copy").addEventListener("click", () => this.#copy());
    this.#select.addEventListener("change", () => this.#connect());
    this.#reader.addEventListener("click", () => this.#read(this.#reader.ariaPressed !== "true"));
    this.#moveByGrip();
    new ResizeObserver(() => {
      this.#fit?.fit();
      this.#grip.ariaValueMin = String(MIN_HEIGHT);
      this.#grip.ariaValueMax = String(innerHeight - MIN_HEIGHT);
      this.#grip.ariaValueNow = String(Math.round(this.#panel.offsetHeight));
    }).observe(this.#box);
  }

  get open() {
    return !this.#panel.hidden;
  }

  /** @param {boolean} value whether this viewer may type */
  set controls(value) {
    this.#controls = value;
    this.#tell(true);
  }

  /** @param {MachineState} machine */
  set machine(machine) {
    const known = [...this.#select.options].map(option => `${option.value} ${option.text}`).join("\n");
    if (known === machine.terminals.map(t => `${t.id} ${t.label}`).join("\n")) return;
    const chosen = this.#select.value;
    this.#select.replaceChildren(...machine.terminals.map(t => new Option(t.label, t.id)));
    if (machine.terminals.some(t => t.id === chosen)) this.#select.value = chosen;
    this.#button.hidden = machine.terminals.length === 0;
    if (this.#button.hidden) this.close();
    else if (this.open) this.#connect();
  }

  async show() {
    this.#panel.hidden = false;
    document.body.dataset.terminal = "open";
    this.#button.setAttribute("aria-expanded", "true");
    await this.#start();
    this.#connect();
    this.#terminal.focus();
  }

  close() {
    if (!this.open) return;
    this.#panel.hidden = true;
    delete document.body.dataset.terminal;
    this.#button.setAttribute("aria-expanded", "false");
    this.#link?.close();
    this.#link = null;
    this.#wanted = "";
    this.#onLeave();
  }

  /** Loads xterm.js when it is first needed. */
  async #start() {
    if (this.#terminal) return;
    const [{ Terminal }, { FitAddon }] = await Promise.all([load("xterm.mjs"), load("addon-fit.mjs"), loadStyle("xterm.css")]);
    if (this.#terminal) return;
    const terminal = new Terminal({
      fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace', fontSize: 13, scrollback: LINES_KEPT,
      theme: THEME, macOptionIsMeta: true,
      // A link in the output is the guest's word; nobody is led anywhere by it.
      linkHandler: { activate: () => {} },
    });
    this.#fit = new FitAddon();
    terminal.loadAddon(this.#fit);
    guard(terminal);
    withoutInlineStyles(() => terminal.open(this.#box));
    terminal.onData((/** @type {string} */ text) => this.#link?.type(text));
    terminal.attachCustomKeyEventHandler((/** @type {KeyboardEvent} */ e) => this.#key(e));
    this.#terminal = terminal;
    this.#read(recall("terminal-reader", false));
    this.#fit.fit();
  }

  #connect() {
    if (!this.#terminal || this.#wanted === this.#select.value) return;
    this.#wanted = this.#select.value;
    this.#link?.close();
    let output = new Unpiled();
    this.#link = new TerminalLink(this.#wanted, this.#session, (bytes, shown) => this.#terminal.write(output.text(bytes), shown), open => {
      // What was kept comes anew.
      if (open) {
        output = new Unpiled();
        this.#terminal.reset();
      }
      this.#tell(open);
    });
  }

  /** @param {boolean} open */
  #tell(open) {
    this.#state.textContent = open ? this.#controls ? "" : "Watching only" : "Connection lost, trying again";
    /** @type {HTMLButtonElement} */ (element("terminal-break")).disabled = !this.#controls;
  }

  /** False keeps the key from the terminal. @param {KeyboardEvent} event */
  #key(event) {
    if (event.type !== "keydown") return true;
    if (event.ctrlKey && event.shiftKey && event.code === "KeyC") {
      event.preventDefault();
      this.#copy();
      return false;
    }
    // The browser's own paste follows, which the terminal takes.
    if (event.ctrlKey && event.shiftKey && event.code === "KeyV") return false;
    // The same keys as leave the screen.
    if (event.ctrlKey && event.altKey && event.shiftKey) {
      element("terminal-close").focus();
      return false;
    }
    return true;
  }

  #copy() {
    const text = this.#terminal?.getSelection();
    if (text) navigator.clipboard?.writeText(text).catch(() => {});
    this.#terminal?.focus();
  }

  /** Output is drawn; for a screen reader it is text beside that, at some cost with each line. @param {boolean} on */
  #read(on) {
    this.#terminal.options.screenReaderMode = on;
    this.#reader.ariaPressed = String(on);
    keep("terminal-reader", on);
  }

  /** The upper edge, by pointer or by arrow keys. */
  #moveByGrip() {
    const grip = this.#grip;
    const set = (/** @type {number} */ height) =>
      document.documentElement.style.setProperty("--terminal-height", `${Math.min(Math.max(height, MIN_HEIGHT), innerHeight - MIN_HEIGHT)}px`);
    grip.addEventListener("pointerdown", e => grip.setPointerCapture(e.pointerId));
    grip.addEventListener("pointermove", e => { if (grip.hasPointerCapture(e.pointerId)) set(innerHeight - e.clientY); });
    grip.addEventListener("keydown", e => {
      const step = { ArrowUp: 24, ArrowDown: -24 }[e.key];
      if (step) set(this.#panel.getBoundingClientRect().height + step);
    });
  }
}

/** @param {string} file @returns {Promise<any>} */
function load(file) {
  return import(`/vendor/xterm/${file}`);
}

/** @param {string} file */
function loadStyle(file) {
  return new Promise(resolve => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: `/vendor/xterm/${file}` });
    link.onload = link.onerror = resolve;
    document.head.append(link);
  });
}
