import { numberedMessage } from "../input/messages.js";
import { Relay } from "./relay.js";

/**
 * @typedef {object} MediaEvents
 * @property {(track: MediaStreamTrack | null) => void} sound the machine's sound, or that there is none any more
 * @property {() => void} picture the first frame of a connection is on the screen
 * @property {() => void} blocked it seems that WebRTC does not pass: another way may be tried meanwhile
 * @property {(why: string) => void} lost the connection is gone; a new one is tried by itself
 *
 * A connection that waits for its session.
 * @typedef {object} Offer
 * @property {RTCPeerConnection} peer
 * @property {RTCDataChannel} strict
 * @property {RTCDataChannel} loose
 * @property {RTCRtpTransceiver} voice
 * @property {Promise<void>} described its own side is
 */

const RETRY_MS = [100, 300, 700, 1000];
/** How long a connection may take, and how long it may be "disconnected", before a new one is tried. */
const CONNECT_MS = 6000, DISCONNECTED_MS = 1500;
/** How long WebRTC may take before it counts as blocked; and when better ways are tried again, at first and at last. */
const BLOCKED_MS = 900, AGAIN_MS = 15000, AGAIN_AT_LAST_MS = 60000;
/** A tenth of a second of a gaming mouse's motion. */
const MAX_MOTION_WAITING_BYTES = 1024;
/** When a key or a button is said again, on the channel that waits for nothing: its lost packet would be missed for 400 ms. */
const AGAIN_AFTER_MS = [12, 40];

/** Picture and sound by WebRTC, set up by WHEP. Takes itself up again. */
export class Media {
  #video;
  #console;
  /** @type {Relay<MediaEvents>} */
  #events = new Relay();
  #attempt = 0;
  #wanted = false;
  /** @type {Offer | null} */
  #prepared = null;
  /** @type {RTCPeerConnection | null} */
  #peer = null;
  #resource = "";
  /** Keys and buttons, in order and without loss. @type {RTCDataChannel | null} */
  #strict = null;
  /** Motion: a late or lost one is of no use. @type {RTCDataChannel | null} */
  #loose = null;
  /** For the next attempt: the first one goes the straight way, which needs none. @type {RTCIceServer[]} */
  #servers = [];
  /** Of the next message on the ordered channel. */
  #number = 0;
  #blocked = false;
  /** Sound out and microphone in, on one line of the session. @type {RTCRtpTransceiver | null} */
  #voice = null;
  /** @type {MediaStreamTrack | null} */
  #microphone = null;
  /** @type {number | undefined} */
  #timer;
  /** @type {number | undefined} */
  #blockedTimer;
  #againMs = AGAIN_MS;
  /** @type {number | undefined} */
  #betterTimer;

  /** @param {number} console @param {HTMLVideoElement} video */
  constructor(console, video) {
    this.#console = console;
    this.#video = video;
    window.addEventListener("pagehide", () => this.stop());
    // Another network, or the same one again: what was the best way may be gone, and a better one may be there.
    window.addEventListener("online", () => this.#checkPaths());
  }

  /** @param {MediaEvents} listener */
  set listener(listener) {
    this.#events.listener = listener;
  }

  /** The connection, for statistics. */
  get peer() {
    return this.#peer;
  }

  get connected() {
    return this.#peer?.connectionState === "connected";
  }

  /** What carries the connection: "UDP" or "TCP"; "WebRTC" where the browser does not tell. */
  get way() {
    const transport = /** @type {any} */ (this.#peer?.sctp?.transport.iceTransport);
    const pair = transport?.getSelectedCandidatePair?.();
    return pair?.remote?.protocol?.toUpperCase() ?? "WebRTC";
  }

  /** What the sound comes by, for statistics. */
  get soundReceiver() {
    return this.#voice?.receiver ?? null;
  }

  /** Whether the server takes a microphone from this viewer. */
  get takesMicrophone() {
    return this.#voice?.currentDirection === "sendrecv";
  }

  /** What the machine shall hear; a connection that is made later hears it too. @param {MediaStreamTrack | null} track */
  set microphone(track) {
    this.#microphone = track;
    this.#speak();
  }

  /** Sends input by a data channel; false where there is none. @param {Uint8Array} message @param {boolean} loose may be lost or overtaken */
  send(message, loose) {
    const channel = loose ? this.#loose : this.#strict;
    // Over a path that has broken off nothing arrives, though the channel stays open for long.
    if (channel?.readyState !== "open" || !this.connected) return false;
    if (!loose) {
      message = numberedMessage(this.#number++, message);
      channel.send(/** @type {Uint8Array<ArrayBuffer>} */ (message));
      const copies = this.#loose;
      for (const wait of AGAIN_AFTER_MS) setTimeout(() => copies && sendLoose(copies, message), wait);
    } else {
      sendLoose(channel, message);
    }
    return true;
  }

  /** Makes the offer of the first connection ahead of its session. */
  prepare() {
    const offer = this.#prepared = this.#offer();
    // What fails now is told when somebody waits for it.
    offer.described.catch(() => {});
  }

  /** Connects, or connects anew. @param {string} session */
  start(session) {
    this.#wanted = true;
    this.#attempt = 0;
    this.#blocked = false;
    this.#againMs = AGAIN_MS;
    this.#open(session);
  }

  stop() {
    this.#wanted = false;
    this.#prepared?.peer.close();
    this.#prepared = null;
    this.#close();
  }

  /** @param {string} session */
  async #open(session) {
    this.#close();
    const { peer, strict, loose, voice, described } = this.#prepared ?? this.#offer();
    this.#prepared = null;
    this.#peer = peer;
    this.#strict = strict;
    this.#loose = loose;
    this.#voice = voice;
    this.#number = 0;
    peer.ontrack = e => this.#show(peer, e);
    peer.onconnectionstatechange = () => this.#watch(peer, session);
    this.#timer = setTimeout(() => this.#retry(peer, session, "no connection came about"), CONNECT_MS);
    this.#blockedTimer = setTimeout(() => {
      if (peer !== this.#peer || peer.connectionState === "connected") return;
      this.#blocked = true;
      this.#events.tell("blocked");
    }, BLOCKED_MS);
    try {
      await described;
      const response = await fetch(`/whep/${this.#console}?session=${encodeURIComponent(session)}`, {
        method: "POST", headers: { "Content-Type": "application/sdp" }, body: peer.localDescription?.sdp ?? "",
      });
      if (response.status !== 201) throw new Error((await response.json().catch(() => null))?.title ?? `the server answered ${response.status}`);
      const resource = response.headers.get("Location") ?? "";
      this.#servers = iceServers(response.headers.get("Link") ?? "");
      if (peer !== this.#peer) {
        fetch(resource, { method: "DELETE" }).catch(() => {});
        return;
      }
      this.#resource = resource;
      await peer.setRemoteDescription({ type: "answer", sdp: await response.text() });
      if (voice === this.#voice) this.#speak();
    } catch (e) {
      this.#retry(peer, session, e instanceof Error ? e.message : String(e));
    }
  }

  /** @returns {Offer} */
  #offer() {
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers: this.#servers });
    const strict = peer.createDataChannel("input", { ordered: true });
    const loose = peer.createDataChannel("motion", { ordered: false, maxRetransmits: 0 });
    peer.addTransceiver("video", { direction: "recvonly" });
    // Ready for a microphone, which then needs no new session; nothing is sent, nor asked for, until there is one.
    const voice = peer.addTransceiver("audio", { direction: "sendrecv" });
    return { peer, strict, loose, voice, described: peer.setLocalDescription() };
  }

  /** @param {RTCPeerConnection} peer @param {RTCTrackEvent} event */
  #show(peer, event) {
    // Show each frame as it comes.
    const receiver = /** @type {any} */ (event.receiver);
    if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = 0;
    if ("playoutDelayHint" in receiver) receiver.playoutDelayHint = 0;
    if (event.track.kind !== "video") return;
    this.#video.srcObject = new MediaStream([event.track]);
    this.#video.play().catch(() => {});
    this.#announcePicture(peer);
  }

  /** @param {RTCPeerConnection} peer */
  #announcePicture(peer) {
    this.#video.requestVideoFrameCallback(() => peer === this.#peer && peer.connectionState === "connected" && this.#events.tell("picture"));
  }

  /** Looks from time to time whether UDP passes by now, while it does not. @param {RTCPeerConnection} peer */
  #watchPath(peer) {
    clearTimeout(this.#betterTimer);
    this.#betterTimer = setTimeout(async () => {
      if (peer !== this.#peer) return;
      if (this.way === "TCP") await this.#checkPaths();
      if (peer === this.#peer) this.#watchPath(peer);
    }, this.#nextAgainMs());
  }

  /** The wait until a better way is tried again: longer each time. */
  #nextAgainMs() {
    const wait = this.#againMs;
    this.#againMs = Math.min(2 * wait, AGAIN_AT_LAST_MS);
    return wait;
  }

  /** Has all paths checked anew (ICE restart): the picture goes on over the one in use until a better one is found. */
  async #checkPaths() {
    const peer = this.#peer, resource = this.#resource;
    if (!peer?.remoteDescription || peer.connectionState !== "connected") return;
    try {
      peer.restartIce();
      await peer.setLocalDescription();
      const response = await fetch(resource, {
        method: "PATCH", headers: { "Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*" }, body: credentials(peer.localDescription?.sdp).join("\r\n") + "\r\n",
      });
      if (response.status !== 200) throw new Error(`the server answered ${response.status}`);
      const [user, password] = credentials(await response.text());
      const sdp = peer.remoteDescription.sdp.replace(/^a=ice-ufrag:.*$/gm, user ?? "").replace(/^a=ice-pwd:.*$/gm, password ?? "");
      await peer.setRemoteDescription({ type: "answer", sdp });
    } catch {
      // The connection lives on as it was, or ends and is opened anew.
      if (peer.signalingState === "have-local-offer") await peer.setLocalDescription({ type: "rollback" }).catch(() => {});
    }
  }

  /** @param {RTCPeerConnection} peer @param {string} session */
  #watch(peer, session) {
    if (peer !== this.#peer) return;
    clearTimeout(this.#timer);
    switch (peer.connectionState) {
      case "connected":
        this.#attempt = 0;
        this.#blocked = false;
        this.#announcePicture(peer);
        this.#watchPath(peer);
        if (this.#voice?.currentDirection === "sendrecv" || this.#voice?.currentDirection === "recvonly") this.#events.tell("sound", this.#voice.receiver.track);
        break;
      case "disconnected":
        this.#events.tell("blocked");
        this.#timer = setTimeout(() => this.#retry(peer, session, "the connection broke off"), DISCONNECTED_MS);
        break;
      case "failed":
      case "closed":
        this.#retry(peer, session, "the connection broke off");
        break;
      default:
        this.#timer = setTimeout(() => this.#retry(peer, session, "no connection came about"), CONNECT_MS);
    }
  }

  /** @param {RTCPeerConnection} peer @param {string} session @param {string} why */
  #retry(peer, session, why) {
    if (peer !== this.#peer) return;
    this.#close();
    this.#events.tell("lost", why);
    const wait = this.#blocked ? this.#nextAgainMs() : RETRY_MS[Math.min(this.#attempt++, RETRY_MS.length - 1)];
    if (this.#wanted) this.#timer = setTimeout(() => this.#open(session), wait);
  }

  #speak() {
    if (this.takesMicrophone) this.#voice?.sender.replaceTrack(this.#microphone).catch(() => {});
  }

  #close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#blockedTimer);
    clearTimeout(this.#betterTimer);
    if (this.#peer) {
      this.#peer.onconnectionstatechange = this.#peer.ontrack = null;
      this.#peer.close();
      this.#events.tell("sound", null);
    }
    if (this.#resource) fetch(this.#resource, { method: "DELETE", keepalive: true }).catch(() => {});
    this.#peer = this.#strict = this.#loose = this.#voice = null;
    this.#resource = "";
  }
}

/** On a stalled path what is old must not pile up. @param {RTCDataChannel} channel @param {Uint8Array} message */
function sendLoose(channel, message) {
  if (channel.readyState === "open" && channel.bufferedAmount < MAX_MOTION_WAITING_BYTES) channel.send(/** @type {Uint8Array<ArrayBuffer>} */ (message));
}

/** STUN and TURN servers out of a Link header, as the server writes it. @param {string} links */
export function iceServers(links) {
  return [...links.matchAll(/<([^>]*)>; rel="ice-server"(?:; username="([^"]*)"; credential="([^"]*)")?/g)]
    .map(([, urls, username, credential]) => username === undefined ? { urls } : { urls, username, credential });
}

/** The lines with the ICE credentials of a description: one transport carries all. @param {string | undefined} sdp */
function credentials(sdp = "") {
  return ["ufrag", "pwd"].flatMap(name => sdp.match(new RegExp(`^a=ice-${name}:[^\\r\\n]*`, "m")) ?? []);
}
