// Runs in the measured page: the first picture of each size, and the ways that the server tells of its frames.
(() => {
  const HOST_STAGES = 8, NAME = 9, SENT_US = 10;
  const Native = window.WebSocket, ways = new Map();
  window.WebSocket = class extends Native {
    constructor(...a) {
      super(...a);
      if (!String(a[0]).includes('/session')) return;
      this.addEventListener('open', () => this.send(JSON.stringify({ type: 'statistics', on: true })));
      this.addEventListener('message', e => {
        if (typeof e.data !== 'string') return;
        const message = JSON.parse(e.data);
        if (message.type === 'statistics') for (const frame of message.frames) ways.set(frame[NAME], frame);
      });
    }
  };

  let width = 0, height = 0;
  const firsts = [];
  const look = (now, picture) => {
    document.getElementById('screen').requestVideoFrameCallback(look);
    if (picture.width === width && picture.height === height) return;
    ({ width, height } = picture);
    firsts.push({ width, height, receivedAt: picture.receiveTime ?? NaN, shownAt: picture.expectedDisplayTime, name: picture.rtpTimestamp });
  };

  window.__modes = {
    begin: () => document.getElementById('screen').requestVideoFrameCallback(look),
    // The last new size, once the server has told of its way: its stages in ms, when it was sent, received and shown.
    last: () => {
      const first = firsts.at(-1), way = first && ways.get(first.name);
      return way ? { ...first, stages: way.slice(0, HOST_STAGES).map(us => us / 1000), sentAt: way[SENT_US] / 1000 } : null;
    },
  };
})();
