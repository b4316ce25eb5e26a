/** @import { Layout } from "./layout.js" */
/** @import { Follow } from "./follow.js" */
/** @import { Keyboard } from "../input/keyboard.js" */
/** @import { ConsoleState, DriveState, MachineState, Viewers } from "../link/session.js" */
import { Menu } from "./menu.js";
import { TypeDialog } from "./type-dialog.js";

const HIDE_AFTER_MS = 2200;
/** Moving the pointer to this many pixels from the top brings the toolbar back. */
const EDGE_PX = 3;

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

/** The slim bar at the top: there when wanted, gone when not, and within the keyboard's reach. */
export class Toolbar {
  #bar = element("toolbar");
  #keys;
  #machine;
  #driven = /** @type {HTMLSelectElement} */ (element("driven"));
  #stage;
  #control;
  #media;
  #screenshot;
  #console;
  /** @type {number | undefined} */
  #timer;

  /**
   * @param {HTMLElement} stage
   * @param {number} console
   * @param {{layout: Layout, keyboard: Keyboard, follow: Follow}} parts
   * @param {{control: (action: string) => void, drive: (client: string) => void, media: () => void, screenshot: () => void}} actions
   */
  constructor(stage, console, { layout, keyboard, follow }, { control, drive, media, screenshot }) {
    this.#stage = stage;
    this.#console = console;
    this.#control = control;
    this.#media = media;
    this.#screenshot = screenshot;
    this.#driven.addEventListener("change", () => {
      drive(this.#driven.value);
      this.leave();
    });
    const type = new TypeDialog(keyboard, () => stage.focus());
    this.#keys = new Menu(element("keys-button"), element("keys-menu"), () => stage.focus());
    this.#machine = new Menu(element("machine-button"), element("machine-menu"), () => stage.focus());
    this.#keys.items = [
      { label: "Type text…", wide: true, run: () => type.show() },
      ...COMBINATIONS.map(([label, codes]) => ({ label, run: () => keyboard.combination(codes.split(" ")) })),
    ];
    element("scale-button").addEventListener("click", e => press(e.currentTarget, layout.pixelByPixel = !layout.pixelByPixel));
    element("follow-button").addEventListener("click", e => press(e.currentTarget, follow.on = !follow.on));
    element("fullscreen-button").addEventListener("click", () => this.#fullScreen());
    element("heads-select").addEventListener("change", e => location.assign(`/?console=${/** @type {HTMLSelectElement} */ (e.currentTarget).value}`));
    document.addEventListener("fullscreenchange", () => press(element("fullscreen-button"), !!document.fullscreenElement));
    window.addEventListener("pointermove", e => { if (e.clientY <= EDGE_PX) this.show(); });
    this.#bar.addEventListener("pointerleave", () => this.#hideSoon());
    this.#bar.addEventListener("keydown", e => { if (e.key === "Escape") this.leave(); });
    stage.addEventListener("pointerdown", e => {
      // On a touch screen there is no pointer to move to the edge: a tap there asks for the bar.
      if (e.pointerType !== "mouse" && e.clientY < 28) this.show();
      else this.#closeMenus();
    });
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
    this.#closeMenus();
    this.#stage.focus();
    this.#hideSoon();
  }

  /** @param {MachineState} machine */
  set machine(machine) {
    element("machine-name").textContent = machine.name;
    document.title = machine.name || "Console";
    element("machine-button").hidden = false;
    const picture = { label: "Save a screenshot", run: () => this.#screenshot() };
    const drives = machine.drives.length > 0 ? [{ label: "Drives…", run: () => this.#media() }] : [];
    this.#machine.items = machine.controllable ? [
      machine.paused ? { label: "Resume", run: () => this.#control("resume") } : { label: "Pause", run: () => this.#control("pause") },
      picture, ...drives,
      { label: "Press the power button", sure: "The guest may shut down. Sure?", run: () => this.#control("power") },
      { label: "Reset", sure: "Unsaved work is lost. Sure?", run: () => this.#control("reset") },
    ] : [picture];
    element("heads").hidden = machine.consoles.length < 2;
    const select = /** @type {HTMLSelectElement} */ (element("heads-select"));
    select.replaceChildren(...machine.consoles.map(c => new Option(`${c.index}: ${c.label}`, String(c.index), false, c.index === this.#console)));
  }

  /** @param {Viewers} viewers */
  set viewers(viewers) {
    const words = [viewers.count > 1 ? `${viewers.count} viewers` : "", viewers.controls ? "" : "watching only"].filter(Boolean);
    element("viewers").textContent = words.join(", ");
    element("viewers").hidden = words.length === 0;
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
    for (const light of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#lights [data-light]")))
      light.classList.toggle("lit", state[/** @type {"caps" | "num" | "scroll"} */ (light.dataset.light)]);
    element("lights").hidden = false;
  }

  /** @param {"good" | "fair" | "bad" | "none"} quality @param {string} text */
  link(quality, text) {
    element("link").dataset.quality = element("link-dot").dataset.quality = quality;
    element("link-text").textContent = text;
  }

  #hideSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const inUse = this.#bar.matches(":hover, :focus-within") || this.#keys.open || this.#machine.open || document.body.dataset.state !== "picture";
      if (inUse) this.#hideSoon();
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

  #closeMenus() {
    this.#keys.close();
    this.#machine.close();
  }
}

/** @param {string} id */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {EventTarget | null} button @param {boolean} pressed */
function press(button, pressed) {
  /** @type {HTMLElement} */ (button)?.setAttribute("aria-pressed", String(pressed));
}
