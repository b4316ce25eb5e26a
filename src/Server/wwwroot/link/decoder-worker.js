// The picture over a WebSocket, decoded and drawn away from the page's main thread. The twin of VideoSocket.cs.

const HEADER_BYTES = 16;
/** Frames in the decoder beyond which the page is too slow: wait for the next key frame. */
const MAX_WAITING = 6;

/** @type {any} */
const worker = self;
/** @type {OffscreenCanvas} */
let canvas;
/** @type {OffscreenCanvasRenderingContext2D | null} */
let context;
/** @type {WebSocket | null} */
let socket = null;
/** @type {VideoDecoder | null} */
let decoder = null;
/** The freshest frame; what comes before the next repaint replaces it. @type {VideoFrame | null} */
let fresh = null;
let codec = "";
let bytes = 0;
/** When the access units in the decoder came, and when they went into it, by their timestamps. @type {Map<number, {receivedAt: number, decoderAt: number}>} */
const inDecoder = new Map();
/** Of the freshest frame. */
let freshTimes = { receivedAt: 0, decodeMs: 0 };

worker.onmessage = (/** @type {MessageEvent} */ event) => {
  const { type } = event.data;
  if (type === "canvas") {
    canvas = event.data.canvas;
    context = canvas.getContext("2d", { alpha: false, desynchronized: true });
  } else if (type === "open") {
    open(event.data.address);
  } else if (type === "close") {
    close();
  }
};

/** @param {string} address */
function open(address) {
  close();
  const mine = new WebSocket(address);
  mine.binaryType = "arraybuffer";
  mine.onmessage = e => { if (mine === socket) take(e.data); };
  mine.onclose = () => {
    if (mine !== socket) return;
    close();
    worker.postMessage({ type: "lost" });
  };
  socket = mine;
}

function close() {
  socket?.close();
  socket = null;
  if (decoder && decoder.state !== "closed") decoder.close();
  decoder = null;
  codec = "";
  inDecoder.clear();
}

/** @param {ArrayBuffer} message */
function take(message) {
  const receivedAt = now();
  bytes += message.byteLength;
  const view = new DataView(message);
  const key = view.getUint8(0) === 1, data = new Uint8Array(message, HEADER_BYTES);
  if (key) {
    const wanted = codecOf(data);
    if (wanted !== codec || decoder?.state !== "configured") configure(wanted);
  }
  if (decoder?.state !== "configured" || (!key && decoder.decodeQueueSize > MAX_WAITING)) return;
  const timestamp = Number(view.getBigUint64(8, true));
  inDecoder.set(timestamp, { receivedAt, decoderAt: now() });
  decoder.decode(new EncodedVideoChunk({ type: key ? "key" : "delta", timestamp, data }));
}

/** @param {string} wanted */
function configure(wanted) {
  if (decoder && decoder.state !== "closed") decoder.close();
  inDecoder.clear();
  codec = wanted;
  decoder = new VideoDecoder({ output: show, error: () => { codec = ""; } });
  decoder.configure({ codec, optimizeForLatency: true });
}

/** @param {VideoFrame} frame */
function show(frame) {
  if (fresh) fresh.close();
  else requestAnimationFrame(paint);
  fresh = frame;
  const times = inDecoder.get(frame.timestamp);
  freshTimes = times ? { receivedAt: times.receivedAt, decodeMs: now() - times.decoderAt } : { receivedAt: NaN, decodeMs: 0 };
  // The decoder keeps the order: what came before this one comes no more.
  for (const timestamp of inDecoder.keys()) {
    inDecoder.delete(timestamp);
    if (timestamp === frame.timestamp) break;
  }
}

/** The time on a clock that the page has too. */
function now() {
  return performance.timeOrigin + performance.now();
}

function paint() {
  const frame = fresh;
  fresh = null;
  if (!frame) return;
  const { displayWidth: width, displayHeight: height } = frame;
  if (canvas.width !== width || canvas.height !== height) {
    Object.assign(canvas, { width, height });
    worker.postMessage({ type: "size", width, height });
  }
  context?.drawImage(frame, 0, 0);
  // The server's name of it: its microseconds, cut to 32 bits.
  const picture = frame.timestamp % 2 ** 32;
  frame.close();
  worker.postMessage({ type: "picture", picture, shownAt: now(), bytes, codec, ...freshTimes });
}

/** "avc1.PPCCLL" out of the sequence parameter set (RFC 6381). @param {Uint8Array} data */
function codecOf(data) {
  for (let i = 0; i + 6 < data.length; i++)
    if (data[i] === 0 && data[i + 1] === 0 && data[i + 2] === 1 && (/** @type {number} */ (data[i + 3]) & 31) === 7)
      return "avc1." + [...data.subarray(i + 4, i + 7)].map(b => b.toString(16).padStart(2, "0")).join("");
  return codec;
}
