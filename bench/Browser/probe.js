// Runs in the measured page, ours or a peer's: looks at the pixels that the page shows in each animation frame.
(() => {
  const CELLS = 16, CELL = 32, ROW = 16, BLOCK = 16;
  const scratch = new OffscreenCanvas(CELLS * CELL, 1);
  const context = scratch.getContext('2d', { willReadFrequently: true });
  const widthOf = e => e.videoWidth ?? (e.complete === false ? 0 : e.naturalWidth ?? e.width);
  const largest = kinds => [...document.querySelectorAll(kinds)]
    .filter(e => widthOf(e) >= 320 && (e.readyState ?? 4) >= 2).sort((a, b) => widthOf(b) - widthOf(a))[0];
  // A still picture counts until there is a living one.
  const shown = () => largest('video, canvas') ?? largest('img');

  // Some pixels of one row, 0 to 255 each. Of a video only those are copied: where it is decoded in software, drawImage
  // converts the whole picture to RGB first, 3 ms at 1920x1080, and the probe would be what the page spends its time on.
  const luma = new Uint8Array(4 * CELLS * CELL);
  const row = async (source, x, y, width) => {
    if (source instanceof HTMLVideoElement) {
      const frame = new VideoFrame(source, { timestamp: 0 });
      try {
        const rect = { x: x & ~1, y: y & ~1, width, height: 2 };
        if (/^(I4|NV)/.test(frame.format) && frame.allocationSize({ rect }) <= luma.length) {
          await frame.copyTo(luma, { rect });
          return luma;
        }
      } finally {
        frame.close();
      }
    }
    context.drawImage(source, x, y, width, 1, 0, 0, width, 1);
    const data = context.getImageData(0, 0, width, 1).data;
    for (let i = 0; i < width; i++) luma[i] = data[i * 4 + 1];
    return luma;
  };

  const mean = (pixels, from, to) => {
    let sum = 0;
    for (let i = from; i < to; i++) sum += pixels[i];
    return sum / (to - from);
  };

  // Mean level of the block in the middle, 0 to 255.
  const levelOf = async source => mean(await row(source, (source.videoWidth || source.width) >> 1, (source.videoHeight || source.height) >> 1, BLOCK), 0, BLOCK);

  // The frame's number: sixteen cells, Gray code. -1 where a cell is half drawn.
  const numberOf = async source => {
    const pixels = await row(source, 0, ROW, CELLS * CELL);
    let value = 0, bit = 0;
    for (let cell = 0; cell < CELLS; cell++) {
      const level = mean(pixels, cell * CELL + 12, cell * CELL + 20);
      if (level > 80 && level < 176) return -1;
      bit ^= level >= 176 ? 1 : 0;
      value = value << 1 | bit;
    }
    return value;
  };

  // The page's own connections, for their statistics.
  const Native = window.RTCPeerConnection, connections = [];
  window.RTCPeerConnection = class extends Native { constructor(...a) { super(...a); connections.push(this); } };
  const videoPackets = async () => {
    let packets = 0;
    for (const connection of connections)
      for (const stat of (await connection.getStats()).values())
        if (stat.type === 'inbound-rtp' && stat.kind === 'video') packets += stat.packetsReceived;
    return packets;
  };

  const probe = { responses: [], waiting: null, frames: [], counting: false, videoPackets, firstPicture: null, firstLiving: null };
  window.__probe = probe;

  // The level from before the event: a page that takes raw pointer updates may have the answer on the screen before the
  // event that follows them, which waits for an animation frame.
  let level = -1;
  probe.arm = () => { probe.armed = { level }; };
  const armed = event => {
    if (!event.isTrusted || !probe.armed) return;
    probe.waiting = { at: event.timeStamp, level: probe.armed.level };
    probe.armed = null;
  };
  for (const type of ['keydown', 'pointerrawupdate', 'pointermove', 'mousemove']) addEventListener(type, armed, true);

  const look = async (source, now) => {
    if (probe.firstLiving === null || probe.counting) {
      const value = await numberOf(source);
      // The guest counts from 1, so 0 is a canvas that nothing was drawn on yet.
      if (value > 0) {
        probe.firstPicture ??= now;
        if (source.localName !== 'img') probe.firstLiving ??= now;
      }
      if (probe.counting && value >= 0 && probe.frames.at(-1)?.value !== value) probe.frames.push({ value, now });
    }
    if (!probe.counting) {
      const before = probe.waiting;
      level = await levelOf(source);
      if (before && before === probe.waiting && Math.abs(level - before.level) > 100) {
        probe.responses.push(now - before.at);
        probe.waiting = null;
      }
    }
  };
  let looking = false;
  const frame = () => {
    const source = shown(), now = performance.now();
    requestAnimationFrame(frame);
    if (!source || looking) return;
    looking = true;
    look(source, now).catch(() => {}).finally(() => { looking = false; });
  };
  requestAnimationFrame(frame);
})();
