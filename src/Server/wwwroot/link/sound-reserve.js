/** @import { Media } from "./media.js" */

/** How often the browser is asked, and how many samples tell something. */
const EVERY_MS = 2000, ENOUGH_SAMPLES = 24000;

/**
 * Tells the server how much longer than it aims to the browser holds sound before it is heard. A browser makes that longer
 * at once and shorter hardly ever; the server takes it back by a stream that is a little slow (docs/sound.md).
 */
export class SoundReserve {
  #media;
  #tell;
  #heardAt = 0;
  /** @type {any} */
  #last = null;

  /** @param {Media} media @param {(spareMs: number) => void} tell */
  constructor(media, tell) {
    this.#media = media;
    this.#tell = tell;
    setInterval(() => this.#look(), EVERY_MS);
  }

  async #look() {
    const receiver = this.#media.soundReceiver, heardAt = receiver?.getSynchronizationSources()[0]?.timestamp ?? 0;
    // While nothing comes there is nothing to ask.
    if (!receiver || !heardAt || heardAt === this.#heardAt) return;
    this.#heardAt = heardAt;
    /** @type {any} */ let sound = null;
    for (const entry of (await receiver.getStats()).values()) if (entry.type === "inbound-rtp") sound = entry;
    const before = this.#last?.id === sound?.id ? this.#last : null;
    this.#last = sound;
    if (!sound || !before || sound.jitterBufferTargetDelay === undefined) return;
    const since = (/** @type {string} */ name) => sound[name] - before[name], samples = since("jitterBufferEmittedCount");
    if (samples >= ENOUGH_SAMPLES) this.#tell(Math.round(1000 * (since("jitterBufferDelay") - since("jitterBufferTargetDelay")) / samples));
  }
}
