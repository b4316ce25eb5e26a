// Runs in the measured page, ours or a peer's: looks at the pixels that the page shows in each animation frame.
(() => {
  const scratch = new OffscreenCanvas(16, 1);
  const context = scratch.getContext('2d', { willReadFrequently: true });
  const shown = () => [...document.querySelectorAll('video, canvas')]
    .filter(e => (e.videoWidth || e.width) >= 320 && (e.readyState ?? 4) >= 2)
    .sort((a, b) => (b.videoWidth || b.width) - (a.videoWidth || a.width))[0];

  // Mean level of the block in the middle, 0 to 255; -1 without a picture.
  const level = () => {
    const source = shown();
    if (!source) return -1;
    const width = source.videoWidth || source.width, height = source.videoHeight || source.height;
    context.drawImage(source, width / 2 - 64, height / 2 - 64, 128, 128, 0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data[1];
  };

  // The frame's number: sixteen cells of 32 px, Gray code. -1 where a cell is half drawn.
  const number = () => {
    const source = shown();
    if (!source) return -1;
    for (let cell = 0; cell < 16; cell++) context.drawImage(source, cell * 32 + 12, 12, 8, 8, cell, 0, 1, 1);
    const data = context.getImageData(0, 0, 16, 1).data;
    let value = 0, bit = 0;
    for (let cell = 0; cell < 16; cell++) {
      const green = data[cell * 4 + 1];
      if (green > 80 && green < 176) return -1;
      bit ^= green >= 176 ? 1 : 0;
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

  const probe = { responses: [], waiting: null, frames: [], counting: false, level, number, videoPackets, firstPicture: null };
  window.__probe = probe;

  // The level is looked at before the event: a page that takes raw pointer updates may have the answer on the
  // screen before the event that follows them, which waits for an animation frame.
  probe.arm = () => { probe.armed = { level: level() }; };
  const armed = event => {
    if (!event.isTrusted || !probe.armed) return;
    probe.waiting = { at: event.timeStamp, level: probe.armed.level };
    probe.armed = null;
  };
  for (const type of ['keydown', 'pointerrawupdate', 'pointermove', 'mousemove']) addEventListener(type, armed, true);

  const look = () => {
    const now = performance.now();
    // The guest counts from 1, so 0 is a canvas that nothing was drawn on yet.
    if (probe.firstPicture === null && number() > 0) probe.firstPicture = now;
    if (probe.waiting && Math.abs(level() - probe.waiting.level) > 100) {
      probe.responses.push(now - probe.waiting.at);
      probe.waiting = null;
    }
    if (probe.counting) {
      const value = number();
      if (value >= 0 && probe.frames.at(-1)?.value !== value) probe.frames.push({ value, now });
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
