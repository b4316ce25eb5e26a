// What the page says to the server: the twin of InputMessageKind in src/Server/Input/InputMessages.cs. Little-endian.

const KEY = 1, BUTTON = 2, MOVE_TO = 3, MOVE_BY = 4, SCROLL = 5, RELEASE_ALL = 6, TOUCH = 7, ALIVE = 8, DRIVE = 9, MARK = 10, NUMBERED = 11;
const encoder = new TextEncoder();

/** What becomes of a key. */
export const KeyAction = Object.freeze({ up: 0, down: 1, repeat: 2 });

/** @param {number} action @param {number} modifiers @param {string} code @param {string} key */
export function keyMessage(action, modifiers, code, key) {
  const codeBytes = encoder.encode(code), keyBytes = encoder.encode(key);
  const message = new Uint8Array(4 + codeBytes.length + keyBytes.length);
  message.set([KEY, action, modifiers, codeBytes.length]);
  message.set(codeBytes, 4);
  message.set(keyBytes, 4 + codeBytes.length);
  return message;
}

/** @param {number} button @param {boolean} pressed */
export function buttonMessage(button, pressed) {
  return Uint8Array.of(BUTTON, button, pressed ? 1 : 0);
}

/** @param {number} x to the right @param {number} y and down, in 1/120 of a notch */
export function scrollMessage(x, y) {
  return message(SCROLL, [x, y]);
}

/** What a finger does. */
export const TouchPhase = Object.freeze({ begin: 0, update: 1, end: 2, cancel: 3 });

/** @param {number} phase @param {number} slot @param {number} x 0 to 1 of the picture's width @param {number} y and of its height */
export function touchMessage(phase, slot, x, y) {
  const view = new DataView(new ArrayBuffer(7));
  view.setUint8(0, TOUCH);
  view.setUint8(1, phase);
  view.setUint8(2, slot);
  view.setUint16(3, fraction(x), true);
  view.setUint16(5, fraction(y), true);
  return new Uint8Array(view.buffer);
}

export function releaseAllMessage() {
  return Uint8Array.of(RELEASE_ALL);
}

/** @param {string} name of the Barrier client to drive, or "" for the server's own choice */
export function driveMessage(name) {
  return Uint8Array.of(DRIVE, ...encoder.encode(name));
}

/** @param {number} stamp 32 bits that come back as they are */
export function aliveMessage(stamp) {
  const view = new DataView(new ArrayBuffer(5));
  view.setUint8(0, ALIVE);
  view.setUint32(1, stamp, true);
  return new Uint8Array(view.buffer);
}

/**
 * About the input that was sent before.
 * @param {number} stamp asks which picture answers it: 32 bits that come back with the answer; 0 asks nothing
 * @param {number} us when it happened, by the server's clock; 0 where that is not known
 */
export function markMessage(stamp, us) {
  const view = new DataView(new ArrayBuffer(13));
  view.setUint8(0, MARK);
  view.setUint32(1, stamp, true);
  view.setBigInt64(5, BigInt(us), true);
  return new Uint8Array(view.buffer);
}

/** A message with its place in the order, for channels that bring it twice. @param {number} number @param {Uint8Array} message */
export function numberedMessage(number, message) {
  const numbered = new Uint8Array(3 + message.length);
  numbered.set([NUMBERED, number & 0xff, number >> 8 & 0xff]);
  numbered.set(message, 3);
  return numbered;
}

/** Numbers motion, so that what comes late can be told from what is new, and a lost message heals. */
export class Motion {
  #sequence = 0;
  #sumX = 0;
  #sumY = 0;

  /** @param {number} x 0 to 1 of the picture's width @param {number} y and of its height */
  to(x, y) {
    return message(MOVE_TO, [++this.#sequence, fraction(x), fraction(y)]);
  }

  /** @param {number} dx @param {number} dy in pixels; parts of a pixel are kept for the next time */
  by(dx, dy) {
    this.#sumX += dx;
    this.#sumY += dy;
    return message(MOVE_BY, [++this.#sequence, Math.trunc(this.#sumX), Math.trunc(this.#sumY)]);
  }
}

/** @param {number} kind @param {number[]} words */
function message(kind, words) {
  const view = new DataView(new ArrayBuffer(1 + 2 * words.length));
  view.setUint8(0, kind);
  words.forEach((word, i) => view.setUint16(1 + 2 * i, word & 0xffff, true));
  return new Uint8Array(view.buffer);
}

/** Rounded up: the server rounds down, and a pixel's own left edge has to stay in it. @param {number} part */
function fraction(part) {
  return Math.min(65535, Math.max(0, Math.ceil(part * 65536)));
}
