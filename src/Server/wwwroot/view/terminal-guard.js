/** REP, CHT, CBT, IL, DL, SU and SD (ECMA-48) repeat what they do: more often than this leads out of any screen. */
const REPEATING = "bIZLMST", MAX_REPEATS = 1000;

/** What a terminal answers: reports of its kind, state, modes, settings and colours. */
const ASKING = [{ final: "c" }, { prefix: ">", final: "c" }, { final: "n" }, { prefix: "?", final: "n" },
  { intermediates: "$", final: "p" }, { prefix: "?", intermediates: "$", final: "p" }];
const SETTINGS = { intermediates: "$", final: "q" }, COLOURS = [4, 10, 11, 12];
/** So many answers at once, and so many a second after them: a program asks a handful when it starts. */
const MAX_ANSWERS = 32;

/** So many marks on one letter are more than any script has; each costs xterm.js as much as all before it. */
const PILED = /([\p{M}\p{Cf}]{16})[\p{M}\p{Cf}]+/gu;

/** Gives the text of a terminal's bytes, piece by piece, without what piles up. */
export class Unpiled {
  #decoder = new TextDecoder();

  /** @param {Uint8Array} bytes */
  text(bytes) {
    return this.#decoder.decode(bytes, { stream: true }).replace(PILED, "$1");
  }
}

/**
 * Keeps the guest's output from more than showing something: a count that no screen has would keep xterm.js busy for
 * hours, and an answer to each of a million questions would be typed into the guest. A handler that is true passes its
 * sequence over.
 * @param {any} terminal
 */
export function guard(terminal) {
  let left = MAX_ANSWERS, at = performance.now();
  const tooMany = () => {
    const now = performance.now();
    left = Math.min(MAX_ANSWERS, left + (now - at) / 1000 * MAX_ANSWERS);
    at = now;
    if (left < 1) return true;
    left--;
    return false;
  };
  for (const final of REPEATING) terminal.parser.registerCsiHandler({ final }, (/** @type {(number | number[])[]} */ params) => Number(params[0]) > MAX_REPEATS);
  for (const question of ASKING) terminal.parser.registerCsiHandler(question, tooMany);
  for (const colour of COLOURS) terminal.parser.registerOscHandler(colour, (/** @type {string} */ data) => data.includes("?") && tooMany());
  terminal.parser.registerDcsHandler(SETTINGS, tooMany);
}
