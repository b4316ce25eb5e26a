// Runs in the measured page: notes when a beep begins in the page's audio track, and reads the connection's figures.
(() => {
  const Native = window.RTCPeerConnection;
  let peer = null;
  window.RTCPeerConnection = class extends Native { constructor(...a) { super(...a); peer = this; } };

  const probe = { beeps: [], begin, figures };
  window.__sound = probe;

  // Each piece of the track as it is handed to the output: its first sample is played next.
  async function begin() {
    const track = document.querySelector('audio')?.srcObject?.getAudioTracks()[0];
    if (!track) return false;
    const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
    (async () => {
      let quiet = 0, samples = new Float32Array(480);
      for (let piece; !(piece = await reader.read()).done;) {
        const now = performance.now(), { numberOfFrames, sampleRate } = piece.value;
        if (samples.length < numberOfFrames) samples = new Float32Array(numberOfFrames);
        piece.value.copyTo(samples.subarray(0, numberOfFrames), { planeIndex: 0, format: 'f32-planar' });
        piece.value.close();
        for (let i = 0; i < numberOfFrames; i++) {
          if (Math.abs(samples[i]) < 0.1) { quiet++; continue; }
          if (quiet > sampleRate / 10) probe.beeps.push(now + 1000 * i / sampleRate);
          quiet = 0;
        }
      }
    })();
    return true;
  }

  async function figures() {
    const metrics = await (await fetch('/metrics')).text();
    const figure = name => Number(new RegExp(`^qzc_sound_delay_duration_seconds_${name} (.*)$`, 'm').exec(metrics)?.[1] ?? 0);
    for (const report of (await peer.getStats()).values()) {
      if (report.type !== 'inbound-rtp' || report.kind !== 'audio') continue;
      return {
        serverSum: figure('sum'), serverCount: figure('count'), delay: report.jitterBufferDelay, target: report.jitterBufferTargetDelay, least: report.jitterBufferMinimumDelay,
        emitted: report.jitterBufferEmittedCount, concealed: report.concealedSamples, received: report.totalSamplesReceived,
        slowed: report.insertedSamplesForDeceleration, hastened: report.removedSamplesForAcceleration,
      };
    }
    return null;
  }
})();
