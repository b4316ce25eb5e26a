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

/** Looks at the pictures that are shown: all of them while somebody listens, else one now and then. */
export class Sightings {
  #video;
  #say;
  #saidAt = -Infinity;
  #armed = false;
  /** @type {((sighting: Sighting) => void) | null} */
  #listener = null;

  /** @param {HTMLVideoElement} video @param {(sighting: Sighting) => void} say tells the server */
  constructor(video, say) {
    this.#video = video;
    this.#say = say;
    this.#arm();
  }

  /** Who hears of every picture; null for nobody. @param {((sighting: Sighting) => void) | null} listener */
  set listener(listener) {
    this.#listener = listener;
    this.#arm();
  }

  /** A picture is on the screen. @param {Sighting} sighting */
  take(sighting) {
    this.#listener?.(sighting);
    if (sighting.shownAt - this.#saidAt < SAY_EVERY_MS || Number.isNaN(sighting.receivedAt)) return;
    this.#saidAt = sighting.shownAt;
    this.#say(sighting);
  }

  #arm() {
    if (this.#armed) return;
    this.#armed = true;
    this.#video.requestVideoFrameCallback((_, frame) => {
      this.#armed = false;
      if (this.#listener) this.#arm();
      else setTimeout(() => this.#arm(), SAY_EVERY_MS);
      if (frame.rtpTimestamp === undefined) return;
      this.take({
        picture: frame.rtpTimestamp, receivedAt: frame.receiveTime ?? NaN, decodeMs: (frame.processingDuration ?? 0) * 1000, shownAt: frame.expectedDisplayTime,
      });
    });
  }
}
