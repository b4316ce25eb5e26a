/**
 * @typedef {object} MenuItem
 * @property {string} label
 * @property {() => void} run
 * @property {string} [sure] asked before it is done
 * @property {boolean} [wide]
 */

/** A menu under a button of the toolbar, within the keyboard's reach. */
export class Menu {
  #button;
  #box;
  #onClose;

  /** @param {HTMLElement} button @param {HTMLElement} box @param {() => void} onClose given back the focus */
  constructor(button, box, onClose) {
    this.#button = button;
    this.#box = box;
    this.#onClose = onClose;
    button.addEventListener("click", () => this.open ? this.close() : this.#show());
    box.addEventListener("keydown", e => this.#key(e));
  }

  get open() {
    return !this.#box.hidden;
  }

  close() {
    this.#box.hidden = true;
    this.#button.setAttribute("aria-expanded", "false");
  }

  /** @param {MenuItem[]} items */
  set items(items) {
    this.#box.replaceChildren(...items.map(item => this.#create(item)));
  }

  /** @param {MenuItem} item */
  #create(item) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("role", "menuitem");
    button.textContent = item.label;
    button.classList.toggle("wide", item.wide === true);
    button.addEventListener("click", () => {
      if (item.sure && button.textContent !== item.sure) {
        button.textContent = item.sure;
        button.classList.add("sure");
        return;
      }
      button.textContent = item.label;
      button.classList.remove("sure");
      this.close();
      this.#onClose();
      item.run();
    });
    return button;
  }

  #show() {
    this.#box.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    /** @type {HTMLElement | null} */ (this.#box.firstElementChild)?.focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const items = /** @type {HTMLElement[]} */ ([...this.#box.children]);
    const columns = getComputedStyle(this.#box).gridTemplateColumns.split(" ").length;
    const step = { ArrowDown: columns, ArrowUp: -columns, ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") {
      this.close();
      this.#button.focus();
    } else if (step) {
      event.preventDefault();
      const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
      items[(at + step + items.length) % items.length]?.focus();
    }
  }
}
