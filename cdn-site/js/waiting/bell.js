/** The optional bell: a sound and a notification at the moment of being called. Asked for by the fan, never by us. */

/** @type {AudioContext|null} */
let audio = null;

/**
 * Browsers allow sound and notifications only from a gesture of the user, so this runs in the handler of the switch.
 *
 * @returns {Promise<boolean>} whether notifications are allowed
 */
export async function ready() {
  audio ??= typeof AudioContext === "undefined" ? null : new AudioContext();
  await audio?.resume().catch(() => {});
  if (typeof Notification === "undefined") return false;
  return (await Notification.requestPermission()) === "granted";
}

/** @param {string} title @param {string} body */
export function ring(title, body) {
  if (audio) {
    for (const [at, pitch] of [
      [0, 660],
      [0.22, 880],
      [0.44, 990],
    ]) {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.0001, audio.currentTime + at);
      volume.gain.exponentialRampToValueAtTime(0.2, audio.currentTime + at + 0.03);
      volume.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + at + 0.5);
      tone.connect(volume).connect(audio.destination);
      tone.start(audio.currentTime + at);
      tone.stop(audio.currentTime + at + 0.6);
    }
  }
  try {
    if (typeof Notification !== "undefined" && Notification.permission === "granted") {
      const notification = new Notification(title, { body, icon: "/assets/favicon-turn.svg", requireInteraction: true });
      notification.onclick = () => {
        focus();
        notification.close();
      };
    }
  } catch {
    /* some mobile browsers only let service workers notify; the sound and the title remain */
  }
}
