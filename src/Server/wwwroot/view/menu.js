/**
 * @typedef {object} MenuItem
 * @property {string} label
 * @property {() => void} run
 * @property {string} [sure] asked for before it is done
 * @property {boolean} [wide]
 * @property {boolean} [checked] one of several choices, or a switch; whether it is on
 */

/** What opens under the toolbar, one at a time. @type {Set<{open: boolean, close: () => void}>} */
const boxes = new Set();

/** A box that is one of those under the toolbar from now on. @param {{open: boolean, close: () => void}} box */
export function addBox(box) {
  boxes.add(box);
}

export function closeBoxes() {
  for (const box of boxes) if (box.open) box.close();
}

/** Whether any of them is open. */
export function boxOpen() {
  return [...boxes].some(box => box.open);
}

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
    button.addEventListener("click", () => this.open ? this.close() : this.show());
    button.addEventListener("keydown", e => {
      if (e.key !== "ArrowDown" || this.open) return;
      e.preventDefault();
      this.show();
    });
    box.addEventListener("keydown", e => this.#key(e));
    addBox(this);
  }

  get open() {
    return !this.#box.hidden;
  }

  close() {
    this.#box.hidden = true;
    this.#button.setAttribute("aria-expanded", "false");
  }

  show() {
    closeBoxes();
    this.#box.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    place(this.#box, this.#button);
    this.#items[0]?.focus();
  }

  /** @param {MenuItem[]} items */
  set items(items) {
    this.#box.replaceChildren(...items.map(item => this.#create(item)));
  }

  get #items() {
    return /** @type {HTMLElement[]} */ ([...this.#box.querySelectorAll("button")]);
  }

  /** @param {MenuItem} item */
  #create(item) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("role", item.checked === undefined ? "menuitem" : "menuitemcheckbox");
    if (item.checked !== undefined) button.setAttribute("aria-checked", String(item.checked));
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

  /** @param {KeyboardEvent} event */
  #key(event) {
    const items = this.#items, at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const columns = getComputedStyle(this.#box).gridTemplateColumns.split(" ").length;
    const to = { ArrowDown: at + columns, ArrowUp: at - columns, ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Escape") {
      event.stopPropagation();
      this.close();
      this.#button.focus();
    } else if (event.key === "Tab") {
      this.close();
    } else if (to !== undefined) {
      event.preventDefault();
      items.at((to + items.length) % items.length)?.focus();
    }
  }
}

/** Puts a box under a button, inside of the window. @param {HTMLElement} box @param {HTMLElement} button */
export function place(box, button) {
  const edge = 8, under = button.getBoundingClientRect(), width = box.offsetWidth;
  const left = Math.max(edge, Math.min(under.left + under.width / 2 - width / 2, window.innerWidth - width - edge));
  box.style.left = `${left}px`;
}
