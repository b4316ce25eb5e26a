/** @import { Clipboard } from "../link/clipboard.js" */
import { element } from "./element.js";
import { addBox, closeBoxes, place } from "./menu.js";

/** Characters of the guest's text that are shown; all of it is copied. */
const SHOWN = 4000;

/** The two clipboards under their button: what came from the guest, and what is to go there. */
export class ClipboardPanel {
  #clipboard;
  #button = element("clipboard-button");
  #panel = element("clipboard-panel");
  #guest = element("clipboard-guest");
  #own = /** @type {HTMLTextAreaElement} */ (element("clipboard-own"));
  #said = element("clipboard-said");
  #picture = "";

  /** @param {Clipboard} clipboard @param {() => void} onClose */
  constructor(clipboard, onClose) {
    this.#clipboard = clipboard;
    const step = /** @type {HTMLInputElement} */ (element("clipboard-step"));
    step.checked = clipboard.inStep;
    step.addEventListener("change", () => { clipboard.inStep = step.checked; });
    this.#button.addEventListener("click", () => this.open ? this.close() : this.show());
    element("clipboard-close").addEventListener("click", () => { this.close(); onClose(); });
    element("clipboard-take").addEventListener("click", () => this.#try(() => clipboard.take().then(() => this.say("Copied.")), "copy it"));
    element("clipboard-read").addEventListener("click", () => this.#try(() => clipboard.sendOwn().then(sent => sent && this.say("The guest has it: paste there.")), "read your clipboard"));
    element("clipboard-give").addEventListener("click", () => this.#try(() => clipboard.send(this.#own.value).then(sent => sent && this.say("The guest has it: paste there.")), "send it"));
    this.#own.addEventListener("paste", e => {
      const picture = [...e.clipboardData?.files ?? []].find(file => file.type === "image/png");
      if (picture && !e.clipboardData?.getData("text/plain")) clipboard.send(picture).then(sent => sent && this.say("The guest has it: paste there."));
    });
    this.#panel.addEventListener("keydown", e => {
      if (e.key !== "Escape") return;
      e.stopPropagation();
      this.close();
      onClose();
    });
    addBox(this);
  }

  /** It may stand beside the screen while something is pasted there. */
  get stays() {
    return true;
  }

  get open() {
    return !this.#panel.hidden;
  }

  show() {
    closeBoxes(true);
    this.#panel.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    place(this.#panel, this.#button);
    this.#button.classList.remove("news");
    this.say("");
    this.refresh();
    this.#own.focus();
  }

  close() {
    this.#panel.hidden = true;
    this.#button.setAttribute("aria-expanded", "false");
  }

  /** Shows what there is now. */
  refresh() {
    const { copy, text, content, toGuest, fromGuest, controls } = this.#clipboard;
    this.#button.hidden = !(toGuest || fromGuest) || !controls;
    if (this.#button.hidden) this.close();
    element("clipboard-from").hidden = !fromGuest;
    element("clipboard-to").hidden = !toGuest;
    if (copy && !this.open && !copy.problem) this.#button.classList.add("news");
    if (this.#picture) URL.revokeObjectURL(this.#picture);
    this.#picture = content?.type === "image/png" ? URL.createObjectURL(content) : "";
    const picture = new Image();
    picture.alt = "The picture that the guest copied";
    picture.src = this.#picture;
    this.#guest.replaceChildren(this.#picture ? picture : describe(copy, text, content));
    this.#guest.classList.toggle("quiet", !content);
    /** @type {HTMLButtonElement} */ (element("clipboard-take")).disabled = !copy || !!copy.problem;
  }

  /** @param {string} text */
  say(text) {
    this.#said.textContent = text;
  }

  /** @param {() => Promise<unknown>} act @param {string} what */
  async #try(act, what) {
    this.say("");
    await act().catch(() => this.say(navigator.clipboard ? `The browser does not let this page ${what}: allow it beside the address.` : `Browsers let only pages by https ${what}: paste into the field, or mark and copy the text here.`));
  }
}

/** @param {Clipboard["copy"]} copy @param {string} text @param {Blob | null} content */
function describe(copy, text, content) {
  if (!copy) return "Nothing has been copied there yet.";
  if (copy.problem) return copy.problem;
  if (!content) return `${(copy.bytes / 1048576).toFixed(1)} MiB; it is fetched when you copy it.`;
  return text.length > SHOWN ? text.slice(0, SHOWN) + "…" : text;
}
