/**
 * @typedef {object} MenuItem
 * @property {string} label
 * @property {() => void} run
 * @property {string} [sure] asked for before it is done
 * @property {boolean} [wide]
 * @property {boolean} [apart] a line stands before it
 * @property {boolean} [checked] a switch, or one of several choices; whether it is on
 * @property {boolean} [choice] one of several choices
 */

/** What opens under the toolbar, one at a time; what stays is not closed by a click on the screen. @typedef {{open: boolean, stays?: boolean, close: () => void}} Box */
/** @type {Set<Box>} */
const boxes = new Set();

/** A box that is one of those under the toolbar from now on. @param {Box} box */
export function addBox(box) {
  boxes.add(box);
}

/** @param {boolean} [all] also those that stay */
export function closeBoxes(all = false) {
  for (const box of boxes) if (box.open && (all || !box.stays)) box.close();
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
  /** @type {MenuItem[]} */
  #list = [];

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
    // What was asked is not answered by a click of another time.
    this.#items.forEach((button, i) => this.#ask(button, i, false));
  }

  show() {
    closeBoxes(true);
    this.#box.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    place(this.#box, this.#button);
    this.#items[0]?.focus();
  }

  /** The same ones again leave what is open, and the focus, as they are. @param {MenuItem[]} items */
  set items(items) {
    const look = (/** @type {MenuItem[]} */ list) => JSON.stringify(list.map(({ run: _, ...rest }) => rest));
    const same = look(items) === look(this.#list), at = this.#items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    this.#list = items;
    if (same) return;
    this.#box.replaceChildren(...items.map((item, i) => this.#create(item, i)));
    if (at >= 0) this.#items[Math.min(at, items.length - 1)]?.focus();
  }

  get #items() {
    return /** @type {HTMLElement[]} */ ([...this.#box.querySelectorAll("button")]);
  }

  /** @param {MenuItem} item @param {number} i */
  #create(item, i) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("role", item.choice ? "menuitemradio" : item.checked === undefined ? "menuitem" : "menuitemcheckbox");
    if (item.checked !== undefined) button.setAttribute("aria-checked", String(item.checked));
    button.textContent = item.label;
    button.classList.toggle("wide", item.wide === true);
    button.classList.toggle("apart", item.apart === true);
    button.addEventListener("click", () => {
      if (item.sure && !button.classList.contains("sure")) {
        this.#ask(button, i, true);
        return;
      }
      this.close();
      this.#onClose();
      this.#list[i]?.run();
    });
    return button;
  }

  /** Shows an item's question, or its label again. @param {HTMLElement} button @param {number} i @param {boolean} sure */
  #ask(button, i, sure) {
    button.textContent = (sure ? this.#list[i]?.sure : this.#list[i]?.label) ?? "";
    button.classList.toggle("sure", sure);
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
      // From the button the key goes on to what stands beside it.
      this.close();
      this.#button.focus();
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
