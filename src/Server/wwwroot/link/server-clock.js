/** Answers that are compared: the one with the shortest round trip tells the time best, as long as it is not too old for two clocks that drift. */
const REMEMBERED = 16;

/** The server's clock as it is reckoned here: half of a round trip after it was told, it is that much later. */
export class ServerClock {
  /** @type {{roundTripMs: number, aheadMs: number}[]} */
  #heard = [];

  /** The server has told its time. @param {number} askedAt @param {number} heardAt on performance.now()'s clock @param {number} us the server's */
  hear(askedAt, heardAt, us) {
    this.#heard.push({ roundTripMs: heardAt - askedAt, aheadMs: us / 1000 - (askedAt + heardAt) / 2 });
    if (this.#heard.length > REMEMBERED) this.#heard.shift();
  }

  /** Another server has another clock. */
  forget() {
    this.#heard = [];
  }

  /** How far the server's clock is ahead of performance.now(); NaN while it has told nothing. */
  get aheadMs() {
    let best = this.#heard[0];
    for (const heard of this.#heard) if (best && heard.roundTripMs < best.roundTripMs) best = heard;
    return best?.aheadMs ?? NaN;
  }

  /** A time here in µs of the server's clock; 0 while that has told nothing. @param {number} at on performance.now()'s clock */
  us(at) {
    return Math.max(0, Math.round((at + this.aheadMs) * 1000)) || 0;
  }

  /** The shortest round trip of the last ones, in ms; NaN while there was none. */
  get roundTripMs() {
    return this.#heard.reduce((least, heard) => Math.min(least, heard.roundTripMs), Infinity);
  }
}
