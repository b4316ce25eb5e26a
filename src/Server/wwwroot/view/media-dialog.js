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
    const focused = this.#controls.find(control => control === document.activeElement), { drive = "", does = "" } = focused?.dataset ?? {};
    this.#list.replaceChildren(...drives.map(drive => this.#row(drive, files)));
    // Whoever goes by keyboard stays where it was; where that is gone, at the same drive.
    const left = this.#controls, there = left.filter(control => control.dataset.drive === drive);
    if (focused) (there.find(control => control.dataset.does === does) ?? there[0] ?? left[0])?.focus();
  }

  /** @param {Drive} drive @param {string[]} files */
  #row(drive, files) {
    const row = document.createElement("fieldset"), legend = document.createElement("legend"), state = document.createElement("p");
    legend.textContent = drive.label;
    state.textContent = (drive.medium || "Empty") + (drive.open ? ", tray open" : "");
    row.append(legend, state);
    if (drive.medium) {
      row.append(this.#button(drive, "Eject", () => this.#actions.eject(drive.id, false)));
      row.append(this.#button(drive, "Eject by force", () => this.#actions.eject(drive.id, true), "The guest may still be reading. Sure?"));
    }
    if (files.length > 0) {
      const select = document.createElement("select");
      Object.assign(select.dataset, { drive: drive.id, does: "choose" });
      select.setAttribute("aria-label", `Medium for ${drive.label}`);
      select.append(...files.map(file => new Option(file, file)));
      row.append(select, this.#button(drive, "Insert", () => this.#actions.insert(drive.id, select.value)));
    }
    return row;
  }

  /** @param {Drive} drive @param {string} label @param {() => void} run @param {string} [sure] asked before it is done */
  #button(drive, label, run, sure) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    Object.assign(button.dataset, { drive: drive.id, does: label });
    button.addEventListener("click", () => {
      if (sure && button.textContent !== sure) button.textContent = sure;
      else run();
    });
    return button;
  }
}
