/** Holds input back, in order, while something has to reach the guest before it. */
export class Gate {
  #send;
  /** @type {Uint8Array[] | null} */
  #held = null;

  /** @param {(message: Uint8Array, loose?: boolean) => void} send */
  constructor(send) {
    this.#send = send;
  }

  /** @param {Uint8Array} message @param {boolean} [loose] may be lost or overtaken, and so is not held back */
  send(message, loose = false) {
    if (this.#held && !loose) this.#held.push(message);
    else this.#send(message, loose);
  }

  /** Lets input go on when the promise is settled, which has to be soon. @param {Promise<unknown>} promise */
  async hold(promise) {
    if (this.#held) return;
    const held = this.#held = /** @type {Uint8Array[]} */ ([]);
    await promise.catch(() => {});
    this.#held = null;
    for (const message of held) this.#send(message);
  }
}
