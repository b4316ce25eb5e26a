/** @import { Viewers } from "../link/session.js" */
import { element } from "./element.js";
import { addBox, closeBoxes, place } from "./menu.js";

/** Who watches and who drives; a name of one's own; and asking to drive. */
export class ViewersPanel {
  #button = element("viewers-button");
  #panel = element("viewers-panel");
  #list = element("viewers-list");
  #name = /** @type {HTMLInputElement} */ (element("viewers-name"));
  #take = element("viewers-take");
  #text = element("viewers-text");

  /**
   * @param {string} name what this viewer called itself last
   * @param {{rename: (name: string) => void, take: () => void}} actions
   * @param {() => void} onClose given back the focus
   */
  constructor(name, { rename, take }, onClose) {
    this.#name.value = name;
    this.#name.addEventListener("change", () => rename(this.#name.value));
    this.#take.addEventListener("click", () => {
      take();
      this.close();
      onClose();
    });
    this.#button.addEventListener("click", () => this.open ? this.close() : this.#show());
    this.#panel.addEventListener("keydown", e => {
      if (e.key !== "Escape" && !(e.key === "Enter" && e.target === this.#name)) return;
      e.stopPropagation();
      this.close();
      if (e.key === "Enter") onClose();
      else this.#button.focus();
    });
    addBox(this);
  }

  get open() {
    return !this.#panel.hidden;
  }

  close() {
    // What has been written counts, however the panel is left.
    if (document.activeElement === this.#name) this.#name.blur();
    this.#panel.hidden = true;
    this.#button.setAttribute("aria-expanded", "false");
  }

  /** @param {Viewers} viewers */
  set viewers({ count, controls, rule, list }) {
    this.#text.textContent = controls ? String(count) : count > 1 ? `${count} · watching` : "Watching";
    this.#button.title = `${count === 1 ? "One viewer" : `${count} viewers`}; you ${controls ? "drive" : "only watch"}`;
    this.#button.setAttribute("aria-label", this.#button.title);
    this.#list.replaceChildren(...list.map((viewer, i) => row(viewer, i)));
    if (count > list.length) this.#list.append(Object.assign(document.createElement("li"), { textContent: `and ${count - list.length} more` }));
    this.#take.hidden = rule !== "token" || controls;
  }

  #show() {
    closeBoxes(true);
    this.#panel.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    place(this.#panel, this.#button);
    (this.#take.hidden ? this.#name : this.#take).focus();
  }
}

/** @param {Viewers["list"][number]} viewer @param {number} i */
function row({ name, controls, own }, i) {
  const item = document.createElement("li"), who = document.createElement("span"), does = document.createElement("span");
  who.textContent = (name || `Viewer ${i + 1}`) + (own ? " (you)" : "");
  does.textContent = controls ? "drives" : "watches";
  item.classList.toggle("drives", controls);
  item.append(who, does);
  return item;
}
