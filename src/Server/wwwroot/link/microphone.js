/**
 * The person's microphone: off until they turn it on, and asked of the browser only by that click. Echoes of what the page
 * plays are taken out, which only the browser can do; the rest is left to the machine's own programs.
 */
export class Microphone {
  #send;
  #turning = false;
  /** @type {MediaStreamTrack | null} */
  #track = null;
  /** @type {() => void} */
  onChange = () => {};

  /** @param {(track: MediaStreamTrack | null) => void} send */
  constructor(send) {
    this.#send = send;
  }

  get on() {
    return this.#track !== null;
  }

  /** Turns it on or off; says in words why it could not be turned on, or nothing. @returns {Promise<string>} */
  async toggle() {
    if (this.#track) {
      this.off();
      return "";
    }
    if (this.#turning) return "";
    if (!navigator.mediaDevices) return "A microphone needs https, or the page on this machine.";
    this.#turning = true;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: false, autoGainControl: false } });
      const track = stream.getAudioTracks()[0] ?? null;
      this.#use(track);
      // Unplugged, or the permission was taken back.
      track?.addEventListener("ended", () => { if (this.#track === track) this.off(); });
      return "";
    } catch (e) {
      const name = e instanceof DOMException ? e.name : "";
      return name === "NotAllowedError" ? "The browser does not let this page use the microphone."
        : name === "NotFoundError" ? "There is no microphone here." : `The microphone cannot be opened: ${e instanceof Error ? e.message : e}`;
    } finally {
      this.#turning = false;
    }
  }

  off() {
    this.#track?.stop();
    this.#use(null);
  }

  /** @param {MediaStreamTrack | null} track */
  #use(track) {
    if (track === this.#track) return;
    this.#track = track;
    this.#send(track);
    this.onChange();
  }
}
