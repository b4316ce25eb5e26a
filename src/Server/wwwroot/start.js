import { Media } from "./link/media.js";
import { Session } from "./link/session.js";
import { viewerKey } from "./view/settings.js";

// What takes round trips, begun before the rest of the page is built. The offer is made while the session opens, and goes
// out with its first word.

/** Which of the machine's screens this page shows. */
export const consoleIndex = Number(new URLSearchParams(location.search).get("console") ?? 0);

export const media = new Media(consoleIndex, /** @type {HTMLVideoElement} */ (document.getElementById("screen")));

/** Which process answered last: another one knows nothing of our media connection. */
let server = "";

export const session = new Session(consoleIndex, viewerKey(), hello => {
  if (hello.server !== server || !media.connected) media.start(hello.session);
  server = hello.server;
});

media.prepare();
