/** @import { Layout } from "./layout.js" */
/** @import { Keyboard } from "../input/keyboard.js" */
/** @import { ConsoleState, DriveState, MachineState } from "../link/session.js" */

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
  #menu = element("keys-menu");
  #driven = /** @type {HTMLSelectElement} */ (element("driven"));
  #stage;
  /** @type {number | undefined} */
  #timer;

  /** @param {HTMLElement} stage @param {Layout} layout @param {Keyboard} keyboard @param {(client: string) => void} onDrive */
  constructor(stage, layout, keyboard, onDrive) {
    this.#stage = stage;
    this.#driven.addEventListener("change", () => {
      onDrive(this.#driven.value);
      this.leave();
    });
    this.#fillMenu(keyboard);
    element("keys-button").addEventListener("click", () => this.#toggleMenu());
    element("scale-button").addEventListener("click", e => {
      layout.pixelByPixel = !layout.pixelByPixel;
      press(e.currentTarget, layout.pixelByPixel);
    });
    element("fullscreen-button").addEventListener("click", () => this.#fullScreen());
    document.addEventListener("fullscreenchange", () => press(element("fullscreen-button"), !!document.fullscreenElement));
    window.addEventListener("pointermove", e => { if (e.clientY <= EDGE_PX) this.show(); });
    this.#bar.addEventListener("pointerleave", () => this.#hideSoon());
    this.#bar.addEventListener("keydown", e => { if (e.key === "Escape") this.leave(); });
    this.#menu.addEventListener("keydown", e => this.#menuKey(e));
    stage.addEventListener("pointerdown", e => {
      // On a touch screen there is no pointer to move to the edge: a tap there asks for the bar.
      if (e.pointerType !== "mouse" && e.clientY < 28) this.show();
      else this.#closeMenu();
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
    this.#closeMenu();
    this.#stage.focus();
    this.#hideSoon();
  }

  /** @param {MachineState} machine */
  set machine(machine) {
    element("machine-name").textContent = machine.name;
    document.title = machine.name || "Console";
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
      const inUse = this.#bar.matches(":hover, :focus-within") || !this.#menu.hidden || document.body.dataset.state !== "picture";
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

  /** @param {Keyboard} keyboard */
  #fillMenu(keyboard) {
    for (const [label, codes] of COMBINATIONS) {
      const item = document.createElement("button");
      item.type = "button";
      item.setAttribute("role", "menuitem");
      item.textContent = label;
      item.addEventListener("click", () => {
        this.#closeMenu();
        keyboard.combination(codes.split(" "));
      });
      this.#menu.append(item);
    }
  }

  #toggleMenu() {
    if (!this.#menu.hidden) {
      this.#closeMenu();
      return;
    }
    this.#menu.hidden = false;
    element("keys-button").setAttribute("aria-expanded", "true");
    /** @type {HTMLElement | null} */ (this.#menu.firstElementChild)?.focus();
  }

  #closeMenu() {
    this.#menu.hidden = true;
    element("keys-button").setAttribute("aria-expanded", "false");
  }

  /** @param {KeyboardEvent} event */
  #menuKey(event) {
    const items = /** @type {HTMLElement[]} */ ([...this.#menu.children]);
    const step = { ArrowDown: 2, ArrowUp: -2, ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") {
      this.#closeMenu();
      element("keys-button").focus();
    } else if (step) {
      event.preventDefault();
      const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
      items[(at + step + items.length) % items.length]?.focus();
    }
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
