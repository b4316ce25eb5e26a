/** @typedef {"none" | "on" | "muted" | "blocked"} SoundState what is heard: "blocked" until the person does something in the page */

const KEY = "qzc-volume";

/**
 * The machine's sound. It is on from the start, as that of a machine in front of you; but browsers keep a page silent until
 * it has been clicked or typed in. Of several pages of one server the one that was turned on last is heard.
 */
export class Sound {
  #audio = document.createElement("audio");
  #others = new BroadcastChannel("qzc-sound");
  #volume;
  #muted = false;
  #blocked = false;
  /** @type {MediaStreamTrack | null} */
  #track = null;
  /** @type {() => void} */
  onChange = () => {};

  constructor() {
    const kept = Number(localStorage.getItem(KEY) ?? "100");
    this.#volume = Number.isFinite(kept) ? Math.min(100, Math.max(0, kept)) : 100;
    this.#audio.id = "sound";
    this.#audio.hidden = true;
    document.body.append(this.#audio);
    this.#others.onmessage = () => {
      if (this.state !== "on") return;
      this.#muted = true;
      this.#apply();
    };
    const unblock = () => { if (this.#blocked) this.#play(); };
    for (const gesture of ["pointerdown", "pointerup", "keydown"]) window.addEventListener(gesture, unblock, true);
  }

  /** @returns {SoundState} */
  get state() {
    if (!this.#track) return "none";
    return this.#blocked ? "blocked" : this.#muted ? "muted" : "on";
  }

  /** 0 to 100, as the ear has it. */
  get volume() {
    return this.#volume;
  }

  set volume(value) {
    this.#volume = value;
    this.#muted = value === 0;
    localStorage.setItem(KEY, String(value));
    this.#apply();
    if (this.state === "on") this.#others.postMessage("on");
  }

  /** Turns it off or on by a click. */
  toggle() {
    if (this.#blocked) {
      this.#play();
      return;
    }
    this.#muted = !this.#muted;
    if (!this.#muted && this.#volume === 0) this.#volume = 50;
    this.#apply();
    if (!this.#muted) this.#others.postMessage("on");
  }

  /** What is heard. */
  get track() {
    return this.#track;
  }

  /** A new connection's sound; null when it is gone. @param {MediaStreamTrack | null} track */
  set track(track) {
    this.#track = track;
    this.#audio.srcObject = track ? new MediaStream([track]) : null;
    this.#apply();
    if (track) this.#play();
  }

  #play() {
    this.#audio.play().then(() => {
      this.#blocked = false;
      this.#apply();
      if (!this.#muted) this.#others.postMessage("on");
    }, e => {
      if (e.name !== "NotAllowedError") return;
      this.#blocked = true;
      this.onChange();
    });
  }

  #apply() {
    this.#audio.muted = this.#muted;
    this.#audio.volume = (this.#volume / 100) ** 2;
    this.onChange();
  }
}
