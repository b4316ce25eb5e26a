const RATE = 48000, CHANNELS = 2, PACKET_US = 5000;
/** Packets in the decoder beyond which the page is too slow for them. */
const MAX_WAITING = 32;

/** The sound over a WebSocket, where WebRTC does not pass. Needs WebCodecs, and so https or localhost. */
export class SoundFallback {
  #onTrack;
  #running = false;
  /** @type {Promise<void> | null} */
  #ready = null;
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {AudioWorkletNode | null} */
  #player = null;
  /** @type {MediaStreamTrack | null} */
  #track = null;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {AudioDecoder | null} */
  #decoder = null;
  #packets = 0;

  /** @param {(track: MediaStreamTrack | null) => void} onTrack told when there is sound this way, and when there is none any more */
  constructor(onTrack) {
    this.#onTrack = onTrack;
    // A context that was made before the person did anything stands still.
    const resume = () => { if (this.#running && this.#context?.state === "suspended") this.#context.resume().catch(() => {}); };
    for (const gesture of ["pointerdown", "pointerup", "keydown"]) window.addEventListener(gesture, resume, true);
  }

  async start() {
    if (this.#running || !("AudioDecoder" in window)) return;
    this.#running = true;
    this.#ready ??= this.#prepare();
    await this.#ready.catch(() => this.stop());
    if (!this.#running || this.#socket) return;
    // Where the browser keeps a page silent, this waits for the first click or key.
    this.#context?.resume().catch(() => {});
    const address = new URL("/sound", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => { if (socket === this.#socket) this.#onTrack(this.#track); };
    socket.onmessage = e => { if (socket === this.#socket) this.#decode(e.data); };
    socket.onclose = () => { if (socket === this.#socket) this.stop(); };
    this.#socket = socket;
  }

  stop() {
    if (!this.#running) return;
    this.#running = false;
    this.#socket?.close();
    this.#socket = null;
    if (this.#decoder?.state === "configured") this.#decoder.close();
    this.#decoder = null;
    this.#context?.suspend().catch(() => {});
    this.#onTrack(null);
  }

  async #prepare() {
    const context = this.#context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    await context.audioWorklet.addModule("/link/sound-worklet.js");
    const player = new AudioWorkletNode(context, "qzc-player", { numberOfInputs: 0, outputChannelCount: [CHANNELS] });
    const destination = context.createMediaStreamDestination();
    player.connect(destination);
    this.#player = player;
    this.#track = destination.stream.getAudioTracks()[0] ?? null;
  }

  /** @param {ArrayBuffer} packet */
  #decode(packet) {
    if (this.#decoder?.state !== "configured") {
      this.#decoder = new AudioDecoder({ output: data => this.#play(data), error: () => {} });
      this.#decoder.configure({ codec: "opus", sampleRate: RATE, numberOfChannels: CHANNELS });
    }
    if (this.#decoder.decodeQueueSize < MAX_WAITING) this.#decoder.decode(new EncodedAudioChunk({ type: "key", timestamp: PACKET_US * this.#packets++, data: packet }));
  }

  /** @param {AudioData} data */
  #play(data) {
    const sides = Array.from({ length: data.numberOfChannels }, (_, planeIndex) => {
      const side = new Float32Array(data.numberOfFrames);
      data.copyTo(side, { planeIndex, format: "f32-planar" });
      return side;
    });
    data.close();
    // Nothing is heard of what stands still; it would only be late when it goes on.
    if (this.#context?.state === "running") this.#player?.port.postMessage(sides, sides.map(side => side.buffer));
  }
}
