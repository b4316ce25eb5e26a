/** Pictures and answers that are remembered: four seconds at 60 a second. */
const REMEMBERED = 240;
/** What comes later is not the answer. */
const LONGEST_MS = 1000;

/**
 * From an input event in the page to the picture that answers it on the screen. An input is marked; the server tells the
 * name of the first picture that was damaged after it, its RTP timestamp or its microseconds; this end tells when the
 * picture of that name, or the first after it, is shown.
 */
export class Answers {
  #stamp = 0;
  /** The input that waits for the server's word. @type {{stamp: number, at: number} | null} */
  #marked = null;
  /** The answer that waits for its picture. @type {{name: number, at: number, heardAt: number, damagedAt: number} | null} */
  #expected = null;
  /** @type {{name: number, at: number}[]} */
  #shown = [];
  /** Newest last, in ms. @type {number[]} */
  times = [];
  /** The same in parts: to the server, in the guest, and from there to the screen; NaN where a clock is not known. @type {number[][]} */
  parts = [];

  /** Whether an input waits for its picture, and not for so long that there will be none. @param {number} now */
  waiting(now) {
    const waits = this.#marked ?? this.#expected;
    return waits !== null && now - waits.at < LONGEST_MS;
  }

  /** Marks an input; 0 while another one has no answer yet. @param {number} at of the event, on performance.now()'s clock */
  mark(at) {
    if (this.waiting(at)) return 0;
    this.#expected = null;
    this.#stamp = this.#stamp % 0xffffffff + 1;
    this.#marked = { stamp: this.#stamp, at };
    return this.#stamp;
  }

  /**
   * The server's word.
   * @param {number} stamp @param {number} name
   * @param {number} heardAt when the input was there @param {number} damagedAt when the guest had answered; on performance.now()'s clock
   */
  answer(stamp, name, heardAt, damagedAt) {
    if (this.#marked?.stamp !== stamp) return;
    this.#expected = { name, at: this.#marked.at, heardAt, damagedAt };
    this.#marked = null;
    for (const picture of this.#shown) this.#match(picture);
  }

  /** A picture is on the screen. @param {number} name @param {number} at */
  picture(name, at) {
    const picture = { name, at };
    push(this.#shown, picture);
    this.#match(picture);
  }

  /** @param {{name: number, at: number}} picture */
  #match(picture) {
    // Names wrap around: a difference below half of their range is forward.
    if (!this.#expected || (picture.name - this.#expected.name >>> 0) >= 0x80000000) return;
    const { at, heardAt, damagedAt } = this.#expected;
    push(this.times, picture.at - at);
    // Two clocks are compared no better than to half a round trip.
    push(this.parts, [Math.max(0, heardAt - at), damagedAt - heardAt, Math.max(0, picture.at - damagedAt)]);
    this.#expected = null;
  }
}

/** @template T @param {T[]} list @param {T} item */
export function push(list, item, most = REMEMBERED) {
  list.push(item);
  if (list.length > most) list.shift();
}

/** The nearest-rank percentile; NaN of nothing. @param {number[]} values @param {number} percent */
export function percentile(values, percent) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(percent / 100 * sorted.length) - 1)] ?? NaN;
}
