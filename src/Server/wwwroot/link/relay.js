/**
 * Hands on what happens to who listens. What happens before anybody does is kept until then, in order.
 * @template {{[name: string]: (...args: any[]) => void}} Events
 */
export class Relay {
  /** @type {Events | null} */
  #listener = null;
  /** @type {(() => void)[]} */
  #kept = [];

  /** @template {keyof Events} Name @param {Name} name @param {Parameters<Events[Name]>} args */
  tell(name, ...args) {
    if (this.#listener) this.#listener[name]?.(...args);
    else this.#kept.push(() => this.#listener?.[name]?.(...args));
  }

  /** @param {Events} listener */
  set listener(listener) {
    this.#listener = listener;
    for (const happened of this.#kept.splice(0)) happened();
  }
}
