/** @import { Hello } from "./session.js" */

/**
 * @typedef {{type: "clipboard", version: number, mimeType: string, bytes: number, problem: string}} GuestCopy
 * @typedef {object} ClipboardEvents
 * @property {() => void} changed something that is shown has changed
 * @property {(text: string) => void} say a sentence for the person
 */

const TEXT = "text/plain;charset=utf-8", PNG = "image/png", MAX_BYTES = 16 << 20;
/** What is shown without being asked for; more is fetched when it is wanted. */
const SHOWN_BYTES = 1 << 20;
/** A key that pastes waits this long for the browser's own event, and so long for the transfer. */
const PASTE_EVENT_MS = 50, TRANSFER_MS = 700;
const STEP_KEY = "qzc-clipboard-in-step";

/**
 * The person's clipboard and the guest's. What the guest copies is told by the server and fetched here; the person's
 * own is read by a gesture alone: a button, or the keys that paste.
 */
export class Clipboard {
  #events;
  #session = "";
  /** The text that both sides have: it need not be sent again, nor back. */
  #common = "";
  /** @type {GuestCopy | null} */
  #copy = null;
  /** @type {Blob | null} */
  #content = null;
  #text = "";
  /** Copied in the guest while this page could not write. */
  #owed = false;
  #inStep = localStorage.getItem(STEP_KEY) === "1";
  /** @type {((paste: ClipboardEvent | null) => void) | null} */
  #awaited = null;
  toGuest = false;
  fromGuest = false;
  /** Whether this viewer drives the machine; who watches has no clipboard. */
  controls = true;

  /** @param {ClipboardEvents} events */
  constructor(events) {
    this.#events = events;
    document.addEventListener("paste", e => this.#onPaste(e));
    window.addEventListener("focus", () => this.#settle());
    window.addEventListener("pointerdown", () => this.#settle());
  }

  /** Whether both clipboards are kept the same, as far as gestures allow. */
  get inStep() {
    return this.#inStep;
  }

  set inStep(value) {
    this.#inStep = value;
    localStorage.setItem(STEP_KEY, value ? "1" : "0");
    if (value && this.#copy) this.#bring();
  }

  /** What the guest copied last. */
  get copy() {
    return this.#copy;
  }

  /** Its text, where it is text and has been fetched. */
  get text() {
    return this.#text;
  }

  /** Its bytes, where they have been fetched. */
  get content() {
    return this.#content;
  }

  /** @param {Hello} hello */
  hello(hello) {
    this.#session = hello.session;
    this.toGuest = hello.toGuest;
    this.fromGuest = hello.fromGuest;
    this.#events.changed();
  }

  /** The guest has copied something. @param {GuestCopy} copy */
  async guestCopied(copy) {
    this.#copy = copy;
    this.#content = null;
    this.#text = "";
    this.#events.changed();
    if (copy.problem) this.#events.say(copy.problem);
    else if (this.#inStep) await this.#bring();
    else if (copy.bytes <= SHOWN_BYTES) await this.#fetch();
  }

  /** Puts what the guest copied into the person's clipboard; needs the page's focus. */
  async take() {
    await this.#fetch();
    const content = this.#content;
    if (!content) return;
    if (content.type === PNG) {
      await navigator.clipboard.write([new ClipboardItem({ [PNG]: content })]);
    } else {
      this.#common = this.#text;
      await navigator.clipboard.writeText(this.#text);
    }
  }

  /** Sends what the person's clipboard holds; only ever called by a gesture. */
  async sendOwn() {
    const items = await navigator.clipboard.read();
    for (const type of ["text/plain", PNG]) {
      const item = items.find(i => i.types.includes(type));
      if (item) return this.send(await item.getType(type));
    }
    this.#events.say("Your clipboard holds neither text nor a picture.");
    return false;
  }

  /** Brings a text or a picture to the guest. True once it is there. @param {Blob | string} what */
  async send(what) {
    const isText = typeof what === "string" || what.type !== PNG;
    const blob = new Blob([what], { type: isText ? TEXT : PNG });
    if (blob.size === 0) return false;
    const problem = blob.size > MAX_BYTES ? `Your clipboard holds ${(blob.size / 1048576).toFixed(1)} MiB; at most ${MAX_BYTES >> 20} MiB are passed on.` : await this.#put(blob);
    if (problem) this.#events.say(problem);
    else if (isText) this.#common = await blob.text();
    return !problem;
  }

  /**
   * A key that pastes was pressed, and the browser is about to hand out the clipboard. The promise is settled when the
   * guest has it, or when there is none to wait for; null where the keys paste what the guest has anyway.
   */
  expectPaste() {
    if (!this.#inStep || !this.toGuest || !this.controls) return null;
    return new Promise(resolve => {
      const none = setTimeout(() => this.#awaited?.(null), PASTE_EVENT_MS);
      this.#awaited = paste => {
        clearTimeout(none);
        this.#awaited = null;
        const what = paste ? pick(paste.clipboardData) : null;
        if (!what || what === this.#common) return resolve(null);
        setTimeout(resolve, TRANSFER_MS);
        this.send(what).then(resolve, resolve);
      };
    });
  }

  /** @param {ClipboardEvent} event */
  #onPaste(event) {
    if (!this.#awaited) return;
    event.preventDefault();
    this.#awaited(event);
  }

  /** What is owed is written as soon as the browser lets us. */
  #settle() {
    if (this.#owed) this.#bring();
  }

  async #bring() {
    this.#owed = false;
    await this.take().catch(() => { this.#owed = true; });
  }

  async #fetch() {
    const copy = this.#copy;
    if (!copy || copy.problem || this.#content) return;
    const response = await fetch(`/clipboard?session=${this.#session}`);
    if (!response.ok || copy !== this.#copy) return;
    const blob = await response.blob();
    const text = copy.mimeType === PNG ? "" : await blob.text();
    this.#content = new Blob([blob], { type: copy.mimeType });
    this.#text = text;
    this.#events.changed();
  }

  /** @param {Blob} blob */
  async #put(blob) {
    const response = await fetch(`/clipboard?session=${this.#session}`, { method: "PUT", headers: { "Content-Type": blob.type }, body: blob }).catch(() => null);
    if (!response) return "The server did not take the clipboard.";
    return response.ok ? "" : (await response.json().catch(() => null))?.title ?? `The server answered ${response.status}.`;
  }
}

/** Text where there is some; a picture else. @param {DataTransfer | null} data @returns {Blob | string | null} */
function pick(data) {
  return data?.getData("text/plain") || [...data?.files ?? []].find(file => file.type === PNG) || null;
}
