/** @import { Drive, MachineState } from "../link/session.js" */
import { element } from "./element.js";

/**
 * @typedef {object} MediaActions
 * @property {(drive: string, force: boolean) => void} eject
 * @property {(drive: string, file: string) => void} insert
 */

/** The machine's drives: what is in them, and what could be. */
export class MediaDialog {
  #dialog = /** @type {HTMLDialogElement} */ (element("media-dialog"));
  #list = element("media-drives");
  #said = element("media-said");
  #actions;
  /** @type {MachineState | null} */
  #machine = null;

  /** @param {MediaActions} actions @param {() => void} onClose */
  constructor(actions, onClose) {
    this.#actions = actions;
    this.#dialog.addEventListener("close", onClose);
  }

  /** @param {MachineState} machine */
  set machine(machine) {
    const before = this.#machine;
    this.#machine = machine;
    if (this.#dialog.open && JSON.stringify([before?.drives, before?.files]) !== JSON.stringify([machine.drives, machine.files])) this.#draw();
  }

  show() {
    this.#draw();
    this.#dialog.showModal();
  }

  /** Says what went wrong; false while the dialog is not open. @param {string} text */
  say(text) {
    this.#said.textContent = text;
    return this.#dialog.open;
  }

  get #controls() {
    return /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll("button, select")]);
  }

  #draw() {
    this.say("");
    const { drives, files } = /** @type {MachineState} */ (this.#machine);
    const at = this.#controls.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    this.#list.replaceChildren(...drives.map(drive => this.#row(drive, files)));
    // Whoever goes by keyboard stays where it was, or next to it.
    if (at >= 0) this.#controls[Math.min(at, this.#controls.length - 1)]?.focus();
  }

  /** @param {Drive} drive @param {string[]} files */
  #row(drive, files) {
    const row = document.createElement("fieldset"), legend = document.createElement("legend"), state = document.createElement("p");
    legend.textContent = drive.label;
    state.textContent = (drive.medium || "Empty") + (drive.open ? ", tray open" : "");
    row.append(legend, state);
    if (drive.medium) {
      row.append(this.#button("Eject", () => this.#actions.eject(drive.id, false)));
      row.append(this.#button("Eject by force", () => this.#actions.eject(drive.id, true), "The guest may still be reading. Sure?"));
    }
    if (files.length > 0) {
      const select = document.createElement("select");
      select.setAttribute("aria-label", `Medium for ${drive.label}`);
      select.append(...files.map(file => new Option(file, file)));
      row.append(select, this.#button("Insert", () => this.#actions.insert(drive.id, select.value)));
    }
    return row;
  }

  /** @param {string} label @param {() => void} run @param {string} [sure] asked before it is done */
  #button(label, run, sure) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => {
      if (sure && button.textContent !== sure) button.textContent = sure;
      else run();
    });
    return button;
  }
}
