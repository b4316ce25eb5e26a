/** @import { Media } from "./media.js" */

/**
 * What the browser says of the stream that it receives, over the time since it was last asked. Times are means in ms.
 * @typedef {object} Received
 * @property {number} seconds
 * @property {number} frames decoded
 * @property {number} dropped frames that were decoded too late to be shown
 * @property {number} bytes
 * @property {number} packets
 * @property {number} lost packets that never came
 * @property {number} frameMs from a frame's first packet to the decoded picture
 * @property {number} bufferMs of that in the jitter buffer
 * @property {number} decodeMs of that in the decoder
 * @property {number} roundTripMs of the path, by ICE
 * @property {string} codec such as "H264 42e01f"
 */

/** Samples the media connection's statistics. */
export class Reception {
  #media;
  /** @type {any} */
  #last = null;

  /** @param {Media} media */
  constructor(media) {
    this.#media = media;
  }

  /** @returns {Promise<Received | null>} null while there is no stream, and the first time */
  async sample() {
    const report = await this.#media.peer?.getStats();
    /** @type {any} */ let video = null;
    /** @type {any} */ let pair = null;
    for (const entry of report?.values() ?? []) {
      if (entry.type === "inbound-rtp" && entry.kind === "video") video = entry;
      else if (entry.type === "candidate-pair" && entry.nominated) pair = entry;
    }
    const before = this.#last?.id === video?.id ? this.#last : null;
    this.#last = video;
    if (!video || !before) return null;
    const since = (/** @type {string} */ name) => (video[name] ?? 0) - (before[name] ?? 0);
    const frames = since("framesDecoded"), perFrameMs = (/** @type {string} */ name) => frames > 0 ? since(name) * 1000 / frames : 0;
    const emitted = since("jitterBufferEmittedCount"), codec = report?.get(video.codecId);
    return {
      seconds: since("timestamp") / 1000, frames, dropped: since("framesDropped"), bytes: since("bytesReceived"),
      packets: since("packetsReceived"), lost: Math.max(0, since("packetsLost")),
      frameMs: perFrameMs("totalProcessingDelay"), decodeMs: perFrameMs("totalDecodeTime"),
      bufferMs: emitted > 0 ? since("jitterBufferDelay") * 1000 / emitted : 0,
      roundTripMs: (pair?.currentRoundTripTime ?? 0) * 1000,
      codec: codec ? `${codec.mimeType.replace("video/", "")} ${/profile-level-id=(\w+)/.exec(codec.sdpFmtpLine ?? "")?.[1] ?? ""}`.trim() : "",
    };
  }
}
