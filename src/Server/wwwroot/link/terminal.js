const TYPED = 0, SHOWN = 1, BREAK = 2;
/** The longest message of typing that the server takes. */
const PIECE_BYTES = 4096;
const RETRY_MS = [200, 500, 1000];
const encoder = new TextEncoder();

/** One terminal's bytes, to and fro. Takes itself up again until it is closed. */
export class TerminalLink {
  #id;
  #session;
  #show;
  #state;
  #attempt = 0;
  #closed = false;
  /** @type {WebSocket | null} */
  #socket = null;

  /**
   * @param {string} id
   * @param {() => string} session the page's session of the moment, by which the server knows whether it may type
   * @param {(bytes: Uint8Array, shown: () => void) => void} show calls back when the bytes are on the screen
   * @param {(open: boolean) => void} state told when the connection comes, which begins with what was kept, or goes
   */
  constructor(id, session, show, state) {
    this.#id = id;
    this.#session = session;
    this.#show = show;
    this.#state = state;
    this.#open();
  }

  /** @param {string} text */
  type(text) {
    const bytes = encoder.encode(text);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) this.#send(TYPED, bytes.subarray(at, at + PIECE_BYTES));
  }

  sendBreak() {
    this.#send(BREAK, new Uint8Array());
  }

  close() {
    this.#closed = true;
    this.#socket?.close();
  }

  #open() {
    if (this.#closed) return;
    const address = new URL(`/terminal?id=${encodeURIComponent(this.#id)}&session=${this.#session()}`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => {
      this.#attempt = 0;
      this.#state(true);
    };
    socket.onmessage = e => {
      const bytes = new Uint8Array(e.data);
      this.#show(bytes, () => this.#shown(socket, bytes.length));
    };
    socket.onclose = () => {
      if (this.#closed) return;
      this.#state(false);
      setTimeout(() => this.#open(), RETRY_MS[Math.min(this.#attempt++, RETRY_MS.length - 1)]);
    };
  }

  /** @param {WebSocket} socket @param {number} count */
  #shown(socket, count) {
    if (socket !== this.#socket || socket.readyState !== WebSocket.OPEN) return;
    const message = new DataView(new ArrayBuffer(5));
    message.setUint8(0, SHOWN);
    message.setUint32(1, count, true);
    socket.send(message.buffer);
  }

  /** @param {number} kind @param {Uint8Array} bytes */
  #send(kind, bytes) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    const message = new Uint8Array(1 + bytes.length);
    message[0] = kind;
    message.set(bytes, 1);
    this.#socket.send(message);
  }
}
