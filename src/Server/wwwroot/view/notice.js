/** @import { MachineState, ConsoleState, DriveState } from "../link/session.js" */
import { element } from "./element.js";

/**
 * @typedef {object} Situation
 * @property {"opening" | "open" | "lost" | "denied"} session
 * @property {MachineState | null} machine
 * @property {ConsoleState | null} console
 * @property {DriveState | null} drive
 * @property {"none" | "opening" | "shown"} media
 * @property {string} problem what the media connection last failed with
 * @property {boolean} mayTurnOn whether this screen is one of several, which can be turned on from here
 */

const TEXTS = {
  opening: ["connecting", "Connecting", "Looking for the server."],
  lost: ["lost", "Connection lost", "Trying again. The machine keeps running."],
  denied: ["denied", "This console is locked", "The server was started anew, or the token has changed: open the address that qzc printed."],
  attaching: ["connecting", "Connecting to QEMU", "The picture comes as soon as QEMU answers."],
  gone: ["gone", "QEMU is gone", "Waiting for it to come back. This page takes it up by itself."],
  blank: ["blank", "No picture yet", "The machine runs, and its screen is dark."],
  absent: ["gone", "This screen is gone", "The machine has it no longer. If it comes back, so does its picture."],
  off: ["blank", "This screen is off", "The guest has nothing on it. Turned on, it takes this window's size."],
  media: ["connecting", "Opening the picture", ""],
};

/** Says what is going on wherever there is no living picture. @param {Situation} situation */
export function showSituation(situation) {
  const body = document.body.dataset;
  const text = textFor(situation);
  body.state = text ? text[0] : "picture";
  element("notice-action").hidden = text !== TEXTS.off;
  // The last picture stays, dimmed, while there is no newer one.
  body.picture = text && situation.media === "shown" ? "stale" : "";
  if (!text) return;
  element("notice-title").textContent = text[1];
  element("notice-detail").textContent = text[2];
}

/** @param {Situation} s */
function textFor(s) {
  if (s.session !== "open") return TEXTS[s.session];
  if (!s.machine || s.machine.status === "connecting") return TEXTS.attaching;
  if (s.machine.status === "gone") return TEXTS.gone;
  if (s.console?.present === false) return TEXTS.absent;
  if (s.console?.width === 0 && s.drive?.own === false) {
    return s.drive.target
      ? ["blank", `Driving ${s.drive.target}`, "Its screen is elsewhere. A click takes the pointer along, Esc gives it back."]
      : ["connecting", "Waiting for a Barrier client", "Nobody of that name is connected yet."];
  }
  if (s.console?.width === 0) return s.mayTurnOn ? TEXTS.off : TEXTS.blank;
  if (s.console?.problem) return ["failed", "The picture cannot be shown", s.console.problem];
  if (s.media !== "shown") return s.problem ? ["failed", "No way for the picture yet", `Trying again: ${s.problem}.`] : TEXTS.media;
  return null;
}
