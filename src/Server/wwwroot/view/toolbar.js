/** @import { Layout } from "./layout.js" */
/** @import { Follow } from "./follow.js" */
/** @import { Keyboard } from "../input/keyboard.js" */
/** @import { ConsoleState, DriveState, MachineState, Viewers } from "../link/session.js" */
/** @import { MenuItem } from "./menu.js" */
/** @import { TypeDialog } from "./type-dialog.js" */
import { CombinationDialog } from "./combination-dialog.js";
import { element } from "./element.js";
import { Menu, boxOpen, closeBoxes } from "./menu.js";
import { keep, recall } from "./settings.js";
import { ViewersPanel } from "./viewers.js";

const HIDE_AFTER_MS = 2200;
/** Moving the pointer to this many pixels from the top brings the toolbar back; so does a tap this near. */
const EDGE_PX = 3, TAP_PX = 28;
/** The person's own combinations that are kept. */
const MAX_OWN = 6;

const COMBINATIONS = /** @type {const} */ ([
  ["Ctrl + Alt + Del", "ControlLeft AltLeft Delete"],
  ["Ctrl + Alt + Backspace", "ControlLeft AltLeft Backspace"],
  ["Alt + Tab", "AltLeft Tab"],
  ["Alt + F4", "AltLeft F4"],
  ["Ctrl + Esc", "ControlLeft Escape"],
  ["Super", "MetaLeft"],
  ["Super + L", "MetaLeft KeyL"],
  ["Print Screen", "PrintScreen"],
  ["Alt + SysRq + B", "AltLeft PrintScreen KeyB"],
  ["Pause", "Pause"],
  ...Array.from({ length: 12 }, (_, i) => /** @type {const} */ ([`Ctrl + Alt + F${i + 1}`, `ControlLeft AltLeft F${i + 1}`])),
]);

const SCALINGS = /** @type {const} */ ([["fit", "Fit the window"], ["actual", "Pixel by pixel"], ["whole", "Whole multiples"]]);

/** The slim bar at the top: there when wanted, gone when not, and within the keyboard's reach. */
export class Toolbar {
  #bar = element("toolbar");
  #keys;
  #machine;
  #screens;
  #view;
  #viewers;
  #driven = /** @type {HTMLSelectElement} */ (element("driven"));
  #stage;
  #console;
  #parts;
  #actions;
  /** @type {number | undefined} */
  #timer;
  /** @type {MachineState | null} */
  #state = null;
  #controls = true;

  /**
   * @param {HTMLElement} stage
   * @param {number} console
   * @param {{layout: Layout, keyboard: Keyboard, follow: Follow, type: TypeDialog}} parts
   * @param {{control: (action: string) => void, drive: (client: string) => void, media: () => void, screenshot: () => void, rename: (name: string) => void, take: () => void, turnOn: () => void, turnOff: () => void}} actions
   */
  constructor(stage, console, parts, actions) {
    this.#stage = stage;
    this.#console = console;
    this.#parts = parts;
    this.#actions = actions;
    const back = () => stage.focus();
    this.#driven.addEventListener("change", () => {
      actions.drive(this.#driven.value);
      this.leave();
    });
    this.#keys = new Menu(element("keys-button"), element("keys-menu"), back);
    this.#machine = new Menu(element("machine-button"), element("machine-menu"), back);
    this.#screens = new Menu(element("screens-button"), element("screens-menu"), back);
    this.#view = new Menu(element("view-button"), element("view-menu"), back);
    this.#viewers = new ViewersPanel(recall("name", ""), actions, back);
    const own = new CombinationDialog((label, codes) => this.#sendOwn(label, codes), back);
    this.#setKeys(own);
    parts.layout.scaling = recall("scaling", parts.layout.scaling);
    parts.follow.on = recall("follow", false);
    this.#setView();
    element("fullscreen-button").hidden = !document.fullscreenEnabled;
    element("fullscreen-button").addEventListener("click", () => this.#fullScreen());
    document.addEventListener("fullscreenchange", () => element("fullscreen-button").setAttribute("aria-pressed", String(!!document.fullscreenElement)));
    window.addEventListener("pointermove", e => { if (e.clientY <= EDGE_PX) this.show(); });
    this.#bar.addEventListener("focusin", () => this.show());
    this.#bar.addEventListener("pointerleave", () => this.#hideSoon());
    this.#bar.addEventListener("keydown", e => { if (e.key === "Escape") this.leave(); });
    stage.addEventListener("pointerdown", e => {
      // On a touch screen there is no pointer to move to the edge: a tap there asks for the bar.
      if (e.pointerType !== "mouse" && e.clientY < TAP_PX) this.show();
      else closeBoxes();
    });
    // In a narrow window it has two rows, and what opens under it keeps clear of both.
    new ResizeObserver(() => document.documentElement.style.setProperty("--bar-height", `${this.#bar.offsetHeight}px`)).observe(this.#bar);
    this.show();
  }

  /** Shows the bar for a while. */
  show() {
    document.body.dataset.toolbar = "shown";
    this.#hideSoon();
  }

  /** Shows the bar and puts the focus on it. */
  enter() {
    this.show();
    element("keys-button").focus();
  }

  /** Gives the focus back to the screen. */
  leave() {
    closeBoxes(true);
    this.#stage.focus();
    this.#hideSoon();
  }

  /** @param {MachineState} machine */
  set machine(machine) {
    element("machine-name").textContent = machine.name;
    document.title = machine.name || "Console";
    element("machine-button").hidden = false;
    // A screen that stands still is not to be taken for a broken one: the bar stays while it does.
    element("machine-state").textContent = machine.paused ? "Paused" : "";
    if (machine.paused && !this.#state?.paused) this.show();
    this.#state = machine;
    this.#setMachine();
    this.#setScreens(machine.consoles);
  }

  /** Who only watches is offered nothing that would not be heard. */
  #setMachine() {
    const machine = this.#state;
    if (!machine) return;
    const picture = { label: "Save a screenshot", run: () => this.#actions.screenshot() };
    const drives = machine.drives.length > 0 ? [{ label: "Drives…", run: () => this.#actions.media() }] : [];
    this.#machine.items = machine.controllable && this.#controls ? [
      machine.paused ? { label: "Resume", run: () => this.#actions.control("resume") } : { label: "Pause", run: () => this.#actions.control("pause") },
      picture, ...drives,
      { label: "Press the power button", apart: true, sure: "The guest may shut down. Sure?", run: () => this.#actions.control("power") },
      { label: "Reset", sure: "Unsaved work is lost. Sure?", run: () => this.#actions.control("reset") },
    ] : [picture];
  }

  /** @param {Viewers} viewers */
  set viewers(viewers) {
    this.#viewers.viewers = viewers;
    this.#controls = viewers.controls;
    this.#setMachine();
    this.#setScreens(this.#state?.consoles ?? []);
  }

  /** There is nothing to choose where only one thing can be driven. @param {DriveState} state */
  set drive(state) {
    const own = state.mayBeOwn ? [new Option("This console", "")] : [];
    this.#driven.replaceChildren(...own, ...state.choices.map(name => new Option(name, name)));
    this.#driven.value = state.own ? "" : state.target;
    this.#driven.hidden = this.#driven.options.length < 2;
  }

  /** @param {ConsoleState} state */
  set lights(state) {
    const lit = [];
    for (const light of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#lights [data-light]"))) {
      const on = state[/** @type {"caps" | "num" | "scroll"} */ (light.dataset.light)];
      light.classList.toggle("lit", on);
      if (on) lit.push(light.title);
    }
    element("lights").setAttribute("aria-label", lit.length > 0 ? `The guest has ${lit.join(" and ")} on` : "The guest's keyboard lights are off");
    element("lights").hidden = false;
  }

  /** @param {"good" | "fair" | "bad" | "none"} quality @param {string} text */
  link(quality, text) {
    element("link").dataset.quality = element("link-dot").dataset.quality = quality;
    element("link-text").textContent = text;
  }

  /** @param {CombinationDialog} own */
  #setKeys(own) {
    /** @type {[string, string[]][]} */
    const kept = recall("combinations", []);
    const send = (/** @type {string[]} */ codes) => this.#parts.keyboard.combination(codes);
    this.#keys.items = [
      { label: "Type text…", wide: true, run: () => this.#parts.type.show() },
      { label: "Other keys…", wide: true, run: () => own.show() },
      ...kept.map(([label, codes]) => ({ label, wide: true, run: () => send(codes) })),
      ...COMBINATIONS.map(([label, codes]) => ({ label, run: () => send(codes.split(" ")) })),
    ];
    this.#sendOwn = (label, codes) => {
      keep("combinations", [[label, codes], ...kept.filter(([known]) => known !== label)].slice(0, MAX_OWN));
      this.#setKeys(own);
      send(codes);
    };
  }

  /** @type {(label: string, codes: string[]) => void} */
  #sendOwn = () => {};

  #setView() {
    const { layout, follow } = this.#parts;
    this.#view.items = [
      ...SCALINGS.map(([scaling, label]) => ({
        label, choice: true, checked: layout.scaling === scaling, run: () => {
          keep("scaling", layout.scaling = scaling);
          this.#setView();
        },
      })),
      {
        label: "Guest follows the window", checked: follow.on, apart: true, run: () => {
          keep("follow", follow.on = !follow.on);
          this.#setView();
        },
      },
    ];
  }

  /** @param {{index: number, label: string}[]} consoles */
  #setScreens(consoles) {
    element("screens-button").hidden = consoles.length < 2;
    const address = (/** @type {number} */ index) => `/?console=${index}`;
    /** @type {MenuItem[]} */
    const items = consoles.map(({ index, label }) => ({
      label: `Screen ${index + 1}: ${label}`, choice: true, checked: index === this.#console, run: () => { if (index !== this.#console) location.assign(address(index)); },
    }));
    for (const [i, { index }] of consoles.filter(({ index }) => index !== this.#console).entries())
      items.push({ label: `Screen ${index + 1} in a window of its own`, apart: i === 0, run: () => { open(address(index), `qzc-screen-${index}`, "popup"); } });
    if (this.#console > 0 && this.#controls) {
      items.push({ label: "Turn this screen on", apart: true, run: this.#actions.turnOn });
      items.push({ label: "Turn this screen off", run: this.#actions.turnOff });
    }
    this.#screens.items = items;
  }

  #hideSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (boxOpen() || this.#state?.paused || this.#bar.matches(":hover, :focus-within") || document.body.dataset.state !== "picture") this.#hideSoon();
      else document.body.dataset.toolbar = "hidden";
    }, HIDE_AFTER_MS);
  }

  async #fullScreen() {
    if (document.fullscreenElement) {
      await document.exitFullscreen();
      return;
    }
    await document.documentElement.requestFullscreen({ navigationUI: "hide" }).catch(() => {});
    // Alt+Tab, Esc and the like go to the guest while in full screen; holding Esc leaves it.
    await /** @type {any} */ (navigator).keyboard?.lock?.().catch(() => {});
    this.#stage.focus();
  }
}
