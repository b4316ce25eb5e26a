const SAMPLES = 40;
const LEAST = 30, MOST = 360;

/**
 * How many pictures a second this display shows, told by the time between animation frames.
 * @returns {Promise<number>}
 */
export function refreshRate() {
  return new Promise(done => {
    /** @type {number[]} */
    const gaps = [];
    let last = NaN;
    const frame = (/** @type {number} */ now) => {
      if (now > last) gaps.push(now - last);
      last = now;
      if (gaps.length < SAMPLES) requestAnimationFrame(frame);
      else done(rateOf(gaps));
    };
    requestAnimationFrame(frame);
  });
}

/**
 * A busy page misses frames, and the one after a late one comes early: the middle of the shorter half is the display's.
 * @param {number[]} gapsMs
 */
export function rateOf(gapsMs) {
  const sorted = [...gapsMs].sort((a, b) => a - b);
  return Math.min(MOST, Math.max(LEAST, Math.round(1000 / sorted[sorted.length >> 2])));
}
