/**
 * One picture that this browser has shown, on performance.now()'s clock.
 * @typedef {object} Sighting
 * @property {number} picture its name: the RTP timestamp, or what the server calls it over a WebSocket
 * @property {number} receivedAt when it was here whole; NaN where the browser does not tell
 * @property {number} decodeMs in the decoder
 * @property {number} shownAt
 */

/** How often the server is told of a picture, while there are new ones. */
const SAY_EVERY_MS = 500;
/** How often one is looked at for the listener, unless it wants to see the next one too. */
const LOOK_EVERY_MS = 500;

/**
 * Looks at pictures that are shown, now and then: for each one that is looked at the browser runs a frame of the page's
 * main thread, and for all of them that takes some hundredths of a core.
 */
export class Sightings {
  #video;
  #say;
  #saidAt = -Infinity;
  #armed = false;
  /** @type {number | undefined} */
  #timer;
  /** @type {((sighting: Sighting) => boolean) | null} */
  #listener = null;

  /** @param {HTMLVideoElement} video @param {(sighting: Sighting) => void} say tells the server */
  constructor(video, say) {
    this.#video = video;
    this.#say = say;
    this.look();
  }

  /** Who hears of pictures, and answers whether the next one is wanted; null for nobody. @param {((sighting: Sighting) => boolean) | null} listener */
  set listener(listener) {
    this.#listener = listener;
    this.look();
  }

  /** A picture is on the screen. @param {Sighting} sighting @returns whether the next one is wanted */
  take(sighting) {
    const wanted = this.#listener?.(sighting) ?? false;
    if (sighting.shownAt - this.#saidAt >= SAY_EVERY_MS && !Number.isNaN(sighting.receivedAt)) {
      this.#saidAt = sighting.shownAt;
      this.#say(sighting);
    }
    return wanted;
  }

  /** Looks at the next picture that the video shows. */
  look() {
    clearTimeout(this.#timer);
    if (this.#armed) return;
    this.#armed = true;
    this.#video.requestVideoFrameCallback((_, frame) => {
      this.#armed = false;
      const wanted = frame.rtpTimestamp !== undefined && this.take({
        picture: frame.rtpTimestamp, receivedAt: frame.receiveTime ?? NaN, decodeMs: (frame.processingDuration ?? 0) * 1000, shownAt: frame.expectedDisplayTime,
      });
      if (wanted) this.look();
      else this.#timer = setTimeout(() => this.look(), this.#listener ? LOOK_EVERY_MS : SAY_EVERY_MS);
    });
  }
}
