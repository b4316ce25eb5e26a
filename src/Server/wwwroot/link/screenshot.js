/**
 * Saves the screen as a PNG: QEMU's own, which has lost nothing; or what is shown here, where QEMU makes none (on a
 * bus, or of a second screen).
 * @param {string} session @param {number} console @param {string} name of the machine @param {HTMLElement} shown
 */
export async function saveScreenshot(session, console, name, shown) {
  const response = console === 0 ? await fetch(`/screenshot?session=${session}`).catch(() => null) : null;
  const blob = response?.ok ? await response.blob() : await draw(/** @type {HTMLVideoElement | HTMLCanvasElement} */ (shown));
  if (!blob) return false;
  const link = document.createElement("a"), when = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  link.href = URL.createObjectURL(blob);
  link.download = `${name.replace(/[^\w.-]+/g, "-") || "screen"}-${when}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  return true;
}

/** @param {HTMLVideoElement | HTMLCanvasElement} shown */
async function draw(shown) {
  const width = "videoWidth" in shown ? shown.videoWidth : shown.width, height = "videoHeight" in shown ? shown.videoHeight : shown.height;
  if (!width || !height) return null;
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")?.drawImage(shown, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}
