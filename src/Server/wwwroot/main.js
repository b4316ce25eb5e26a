import { consoleIndex, media, session } from "./start.js";
import { aliveMessage } from "./input/messages.js";
import { Composer } from "./input/composer.js";
import { Keyboard } from "./input/keyboard.js";
import { driveMessage } from "./input/messages.js";
import { Gate } from "./input/gate.js";
import { Pointer } from "./input/pointer.js";
import { Clipboard } from "./link/clipboard.js";
import { Fallback } from "./link/fallback.js";
import { Microphone } from "./link/microphone.js";
import { Reception } from "./link/reception.js";
import { saveScreenshot } from "./link/screenshot.js";
import { Sightings } from "./link/sightings.js";
import { SoundFallback } from "./link/sound-fallback.js";
import { SoundReserve } from "./link/sound-reserve.js";
import { Sound } from "./link/sound.js";
import { ClipboardPanel } from "./view/clipboard-panel.js";
import { Cursor } from "./view/cursor.js";
import { Follow } from "./view/follow.js";
import { Layout } from "./view/layout.js";
import { Overlay } from "./view/overlay.js";
import { MediaDialog } from "./view/media-dialog.js";
import { showSituation } from "./view/notice.js";
import { refreshRate } from "./view/refresh.js";
import { Screen } from "./view/screen.js";
import { keep, recall } from "./view/settings.js";
import { SoundControls } from "./view/sound-controls.js";
import { TerminalPanel } from "./view/terminal-panel.js";
import { Toolbar } from "./view/toolbar.js";
import { TypeDialog, listed } from "./view/type-dialog.js";

/** The server lets go of keys when it hears nothing for 250 ms. */
const ALIVE_HOLDING_MS = 80;
/** A hint is read in so long; longer ones say so. */
const HINT_MS = 3000;
/** A text of more strokes than this takes a second: the person is told how it goes. */
const LONG_TEXT = 33;

const parameters = new URLSearchParams(location.search);
// The cookie has taken the token's place; nobody needs to read it over a shoulder, or find it in the history.
if (parameters.has("token")) {
  parameters.delete("token");
  history.replaceState(null, "", parameters.size > 0 ? `/?${parameters}` : "/");
}

const stage = /** @type {HTMLElement} */ (document.getElementById("stage"));
const screen = new Screen(
  /** @type {HTMLVideoElement} */ (document.getElementById("screen")), /** @type {HTMLCanvasElement} */ (document.getElementById("screen-canvas")),
  /** @type {HTMLImageElement} */ (document.getElementById("still")));
const hintBox = /** @type {HTMLElement} */ (document.getElementById("hint"));

/** @type {import("./view/notice.js").Situation} */
const situation = { session: "opening", machine: null, console: null, drive: null, media: "none", problem: "", mayTurnOn: consoleIndex > 0 };
/** The name of our session, by which the server knows what we may do. */
let sessionName = "";

const layout = new Layout(stage, screen);
const cursor = new Cursor(stage, /** @type {HTMLCanvasElement} */ (document.getElementById("guest-cursor")), layout);
const transmit = (/** @type {Uint8Array} */ message, loose = false) => { if (!media.send(message, loose)) session.send(message); };
const sendNow = (/** @type {Uint8Array} */ message, loose = false) => {
  transmit(message, loose);
  overlay.sent(message, loose);
};
const gate = new Gate(sendNow), send = gate.send.bind(gate);
const keyboard = new Keyboard(stage, send, () => toolbar.enter());
/** @type {Clipboard} */
const clipboard = new Clipboard({
  changed: () => clipboardPanel.refresh(),
  say: text => clipboardPanel.open ? clipboardPanel.say(text) : showHint(text),
});
/** @type {ClipboardPanel} */
const clipboardPanel = new ClipboardPanel(clipboard, () => stage.focus());
const mediaDialog = new MediaDialog({
  eject: (drive, force) => session.command({ type: "medium", drive, force }),
  insert: (drive, file) => session.command({ type: "medium", drive, file }),
}, () => stage.focus());
const terminal = new TerminalPanel(() => sessionName, () => stage.focus());
keyboard.onPasteKey = () => {
  const paste = clipboard.expectPaste();
  if (paste) gate.hold(paste);
  return paste !== null;
};
const pointer = new Pointer(stage, layout, send, showHint);
const follow = new Follow(stage, size => session.command({ type: "resize", ...size }));
const type = new TypeDialog(keyboard, () => stage.focus());
const toolbar = new Toolbar(stage, consoleIndex, { layout, keyboard, follow, type }, {
  control: action => session.command({ type: "machine", action }),
  drive: name => session.send(driveMessage(name)),
  media() {
    session.command({ type: "machine", action: "look" });
    mediaDialog.show();
  },
  screenshot: () => saveScreenshot(sessionName, consoleIndex, situation.machine?.name ?? "", screen.element)
    .then(saved => { if (!saved) showHint("There is no picture to save."); }),
  rename(name) {
    keep("name", name);
    session.command({ type: "name", name });
  },
  take: () => session.command({ type: "control" }),
  turnOn: () => follow.askOnce(),
  turnOff: () => session.command({ type: "resize", width: 0, height: 0, widthMm: 0, heightMm: 0 }),
});
const composer = new Composer(/** @type {HTMLTextAreaElement} */ (document.getElementById("composer")), keyboard, () => type.layout,
  missing => showHint(`The layout chosen in Type text has no keys for ${listed(missing)}`));
document.getElementById("composer-button")?.addEventListener("click", () => composer.open());
document.getElementById("notice-action")?.addEventListener("click", () => {
  follow.askOnce();
  for (const event of ["focus", "fullscreenchange"]) window.addEventListener(event, measureDisplay);
measureDisplay();
stage.focus();
});
layout.onChange = () => cursor.apply();
const sound = new Sound();
const microphone = new Microphone(track => { media.microphone = track; });
/** By which way the sound comes, WebRTC before the WebSocket. */
const tracks = { media: /** @type {MediaStreamTrack | null} */ (null), fallback: /** @type {MediaStreamTrack | null} */ (null) };
const soundFallback = new SoundFallback(track => hear({ fallback: track }));
new SoundReserve(media, spareMs => session.command({ type: "sound", spareMs }));
const soundControls = new SoundControls(sound, microphone, showHint, () => toolbar.leave());
keyboard.onTyping = (/** @type {number} */ left) => showHint(left > LONG_TEXT ? `Typing, ${left} keys to go. Esc stops it.` : "");
/** Whether this viewer drives; unknown before the server has said so. @type {boolean | null} */
let controls = null;

const fallback = new Fallback(consoleIndex, screen, {
  picture(sighting) {
    sightings.take(sighting);
    if (screen.element !== screen.video) return;
    screen.useCanvas = true;
    update({ media: "shown", problem: "" });
  },
  lost: () => update({ media: "opening" }),
});

/** Pictures a second that this display shows; 0 until it is known. */
let displayRate = 0;

/** A window may have come to another display while it was elsewhere. */
async function measureDisplay() {
  const rate = await refreshRate();
  if (rate === displayRate) return;
  displayRate = rate;
  session.command({ type: "pace", fps: rate });
}

const sightings = new Sightings(screen.video, ({ picture, receivedAt, decodeMs, shownAt }) => {
  const receivedUs = session.clock.us(receivedAt), us = (/** @type {number} */ ms) => Math.max(0, Math.round(ms * 1000));
  if (receivedUs) session.command({ type: "seen", picture, receivedUs, decodeUs: us(decodeMs), showUs: us(shownAt - receivedAt - decodeMs) });
});
const overlay = new Overlay({ screen, sightings, reception: new Reception(media), fallback, clock: session.clock }, {
  command: command => session.command(command), transmit,
});

// What is held is let go of by the server unless it hears from the page all the time, on whichever way is open.
setInterval(() => { if (keyboard.holds || pointer.holds) sendNow(aliveMessage(0)); }, ALIVE_HOLDING_MS);

/** @param {Partial<typeof tracks>} change */
function hear(change) {
  Object.assign(tracks, change);
  const track = tracks.media ?? tracks.fallback;
  if (track !== sound.track) sound.track = track;
  soundControls.update({ reachable: track !== null, takesMicrophone: tracks.media !== null && media.takesMicrophone });
}

/** @param {Partial<import("./view/notice.js").Situation>} change */
function update(change) {
  Object.assign(situation, change);
  if (change.media === "shown") screen.endStill();
  showSituation(situation);
  // A Barrier client takes both positions and motion; where there is no picture to point at, motion.
  const seen = (situation.console?.width ?? 0) > 0, elsewhere = situation.drive?.own === false;
  pointer.enabled = situation.session === "open" && (seen || elsewhere);
  pointer.absolute = cursor.absolute = elsewhere ? seen : situation.console?.absolute ?? true;
  if (document.body.dataset.state !== "picture") toolbar.show();
  else welcome();
}

/** Tells a newcomer where the bar is, once. */
function welcome() {
  if (recall("welcomed", false)) return;
  keep("welcomed", true);
  const touch = matchMedia("(pointer: coarse)").matches;
  showHint(touch ? "Tap the upper edge for the bar" : "The bar is at the upper edge. Ctrl + Alt + Shift takes the keyboard there.", 2 * HINT_MS);
}

/** @param {string} text */
function showHint(text, forMs = HINT_MS) {
  hintBox.textContent = text;
  hintBox.hidden = text === "";
  if (text) setTimeout(() => { if (hintBox.textContent === text) hintBox.hidden = true; }, forMs);
}

// What has happened since start.js ran is told at once: all that it concerns is there by now.
session.listener = {
  hello(hello) {
    if (!media.connected) update({ session: "open", media: "opening", problem: "" });
    sessionName = hello.session;
    clipboard.hello(hello);
    if (overlay.open) overlay.connected();
    if (displayRate) session.command({ type: "pace", fps: displayRate });
    const name = recall("name", "");
    if (name) session.command({ type: "name", name });
    update({ session: "open" });
  },
  machine(machine) {
    toolbar.machine = machine;
    terminal.machine = mediaDialog.machine = machine;
    soundControls.update({ available: machine.sound, recording: machine.recording });
    update({ machine });
  },
  console(state) {
    pointer.touchSlots = state.touch;
    toolbar.lights = keyboard.lights = state;
    if (state.width > 0) layout.setMode(state.width, state.height);
    update({ console: state });
  },
  drive(state) {
    toolbar.drive = state;
    update({ drive: state });
  },
  viewers(viewers) {
    toolbar.viewers = viewers;
    soundControls.update({ controls: viewers.controls, speaker: viewers.speaker });
    clipboard.controls = terminal.controls = viewers.controls;
    clipboardPanel.refresh();
    const driver = viewers.list.find(v => v.controls)?.name || "Another viewer";
    if (controls !== null && controls !== viewers.controls) showHint(viewers.controls ? "You drive now" : `${driver} drives now, you watch`);
    controls = viewers.controls;
  },
  clipboard: copy => { clipboard.guestCopied(copy); },
  say: text => mediaDialog.say(text) || showHint(text),
  statistics: statistics => overlay.statistics(statistics),
  answer: answer => overlay.answer(answer),
  pointer(state) {
    cursor.pointer = state;
    if (situation.console?.absolute === false) layout.reveal(state.x, state.y);
  },
  cursor: image => { cursor.image = image; },
  alive(roundTripMs) {
    const way = situation.media !== "shown" ? "" : `${screen.element === screen.video ? media.way : "WebSocket"} · `;
    toolbar.link(roundTripMs < 60 ? "good" : roundTripMs < 200 ? "fair" : "bad", `${way}${roundTripMs < 10 ? roundTripMs.toFixed(1) : Math.round(roundTripMs)} ms`);
  },
  lost(denied) {
    update({ session: denied ? "denied" : situation.session === "opening" ? "opening" : "lost" });
    if (denied) {
      media.stop();
      microphone.off();
    }
    fallback.stop();
    soundFallback.stop();
    toolbar.link("bad", denied ? "Locked" : "Offline");
  },
};

media.listener = {
  sound(track) {
    hear({ media: track });
    if (track) soundFallback.stop();
  },
  picture() {
    fallback.stop();
    screen.useCanvas = false;
    update({ media: "shown", problem: "" });
  },
  blocked() {
    fallback.start();
    if (situation.machine?.sound) soundFallback.start();
  },
  lost(problem) {
    if (fallback.running) return;
    update({ media: situation.media === "shown" ? "opening" : situation.media, problem });
  },
};

for (const event of ["focus", "fullscreenchange"]) window.addEventListener(event, measureDisplay);
measureDisplay();
stage.focus();
