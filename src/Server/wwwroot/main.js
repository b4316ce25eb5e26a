import { aliveMessage } from "./input/messages.js";
import { Keyboard } from "./input/keyboard.js";
import { driveMessage } from "./input/messages.js";
import { Gate } from "./input/gate.js";
import { Pointer } from "./input/pointer.js";
import { Clipboard } from "./link/clipboard.js";
import { Fallback } from "./link/fallback.js";
import { Media } from "./link/media.js";
import { Microphone } from "./link/microphone.js";
import { Reception } from "./link/reception.js";
import { saveScreenshot } from "./link/screenshot.js";
import { Session } from "./link/session.js";
import { Sound } from "./link/sound.js";
import { ClipboardPanel } from "./view/clipboard-panel.js";
import { Cursor } from "./view/cursor.js";
import { Follow } from "./view/follow.js";
import { Layout } from "./view/layout.js";
import { Overlay } from "./view/overlay.js";
import { MediaDialog } from "./view/media-dialog.js";
import { showSituation } from "./view/notice.js";
import { Screen } from "./view/screen.js";
import { SoundControls } from "./view/sound-controls.js";
import { TerminalPanel } from "./view/terminal-panel.js";
import { Toolbar } from "./view/toolbar.js";

/** The server lets go of keys when it hears nothing for 250 ms. */
const ALIVE_HOLDING_MS = 80;
/** How often the server hears how long this browser takes for a picture. */
const SEEN_EVERY_MS = 5000;

const parameters = new URLSearchParams(location.search);
const consoleIndex = Number(parameters.get("console") ?? 0);
// The cookie has taken the token's place; nobody needs to read it over a shoulder, or find it in the history.
if (parameters.has("token")) {
  parameters.delete("token");
  history.replaceState(null, "", parameters.size > 0 ? `/?${parameters}` : "/");
}

const stage = /** @type {HTMLElement} */ (document.getElementById("stage"));
const screen = new Screen(
  /** @type {HTMLVideoElement} */ (document.getElementById("screen")), /** @type {HTMLCanvasElement} */ (document.getElementById("screen-canvas")));
const hintBox = /** @type {HTMLElement} */ (document.getElementById("hint"));

/** @type {import("./view/notice.js").Situation} */
const situation = { session: "opening", machine: null, console: null, drive: null, media: "none", problem: "" };
/** Which process answered last: another one knows nothing of our media connection. */
let server = "";
/** The name of our session, by which the server knows what we may do. */
let sessionName = "";

const layout = new Layout(stage, screen);
const cursor = new Cursor(stage, /** @type {HTMLCanvasElement} */ (document.getElementById("guest-cursor")), layout);
const sendNow = (/** @type {Uint8Array} */ message, loose = false) => {
  if (!media.send(message, loose)) session.send(message);
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
const pointer = new Pointer(stage, screen, send, showHint);
const follow = new Follow(stage, size => session.command({ type: "resize", ...size }));
const toolbar = new Toolbar(stage, consoleIndex, { layout, keyboard, follow }, {
  control: action => session.command({ type: "machine", action }),
  drive: name => session.send(driveMessage(name)),
  media() {
    session.command({ type: "machine", action: "look" });
    mediaDialog.show();
  },
  screenshot: () => saveScreenshot(sessionName, consoleIndex, situation.machine?.name ?? "", screen.element)
    .then(saved => { if (!saved) showHint("There is no picture to save."); }),
});
layout.onChange = () => cursor.apply();
const sound = new Sound();
const microphone = new Microphone(track => { media.microphone = track; });
const soundControls = new SoundControls(sound, microphone, showHint, () => toolbar.leave());

const fallback = new Fallback(consoleIndex, screen, {
  picture() {
    if (screen.element !== screen.video) return;
    screen.useCanvas = true;
    update({ media: "shown", problem: "" });
  },
  lost: () => update({ media: "opening" }),
});

const media = new Media(consoleIndex, screen.video, {
  sound(track) {
    sound.track = track;
    soundControls.update({ reachable: track !== null, takesMicrophone: media.takesMicrophone });
  },
  picture() {
    fallback.stop();
    screen.useCanvas = false;
    update({ media: "shown", problem: "" });
  },
  blocked: () => fallback.start(),
  lost(problem) {
    if (fallback.running) return;
    update({ media: situation.media === "shown" ? "opening" : situation.media, problem });
  },
});

const session = new Session(consoleIndex, {
  hello(hello) {
    if (hello.server !== server || !media.connected) {
      update({ session: "open", media: "opening", problem: "" });
      media.start(hello.session);
    }
    server = hello.server;
    sessionName = hello.session;
    clipboard.hello(hello);
    if (overlay.open) overlay.connected();
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
    toolbar.lights = state;
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
  },
  clipboard: copy => { clipboard.guestCopied(copy); },
  say: text => mediaDialog.say(text) || showHint(text),
  statistics: statistics => overlay.statistics(statistics),
  answer: answer => overlay.answer(answer),
  pointer: state => { cursor.pointer = state; },
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
    toolbar.link("bad", denied ? "Locked" : "Offline");
  },
});

const reception = new Reception(media);
const overlay = new Overlay(screen.video, media, reception, command => session.command(command));
setInterval(async () => {
  const received = overlay.open || document.hidden ? null : await reception.sample();
  if (received && received.frames > 0) session.command({ type: "seen", frameUs: Math.round(received.frameMs * 1000) });
}, SEEN_EVERY_MS);

// What is held is let go of by the server unless it hears from the page all the time, on whichever way is open.
setInterval(() => { if (keyboard.holds || pointer.holds) sendNow(aliveMessage(0)); }, ALIVE_HOLDING_MS);

/** @param {Partial<import("./view/notice.js").Situation>} change */
function update(change) {
  Object.assign(situation, change);
  showSituation(situation);
  // A Barrier client takes both positions and motion; where there is no picture to point at, motion.
  const seen = (situation.console?.width ?? 0) > 0, elsewhere = situation.drive?.own === false;
  pointer.enabled = situation.session === "open" && (seen || elsewhere);
  pointer.absolute = cursor.absolute = elsewhere ? seen : situation.console?.absolute ?? true;
  if (document.body.dataset.state !== "picture") toolbar.show();
}

/** @param {string} text */
function showHint(text) {
  hintBox.textContent = text;
  hintBox.hidden = text === "";
  if (text) setTimeout(() => { if (hintBox.textContent === text) hintBox.hidden = true; }, 3000);
}

stage.focus();
