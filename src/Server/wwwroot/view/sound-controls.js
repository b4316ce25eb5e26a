/** @import { Sound } from "../link/sound.js" */
/** @import { Microphone } from "../link/microphone.js" */
import { element } from "./element.js";

/**
 * @typedef {object} SoundSituation
 * @property {boolean} available the machine hands its sound over
 * @property {boolean} reachable the connection is one that carries sound
 * @property {boolean} recording the machine listens to its microphone
 * @property {boolean} controls this viewer drives, and so may speak
 * @property {boolean} takesMicrophone the server takes microphones
 * @property {"nobody" | "you" | "another"} speaker whose microphone the machine hears
 */

const SOUND_TITLES = { on: "Mute", muted: "Sound is off: turn it on", blocked: "Click for sound: the browser keeps it back until then", none: "No sound yet" };
const UNREACHABLE = "No sound gets through here: beside WebRTC it takes https, or the page on this machine";

/** The loudspeaker, its volume, and the microphone in the bar; and a mark in the corner while the microphone is on. */
export class SoundControls {
  #sound;
  #microphone;
  #hint;
  #leave;
  #group = element("sound-group");
  #button = element("sound-button");
  #slider = /** @type {HTMLInputElement} */ (element("sound-volume"));
  #talk = element("microphone-button");
  #mark = element("microphone-mark");
  /** @type {SoundSituation} */
  #situation = { available: false, reachable: false, recording: false, controls: false, takesMicrophone: false, speaker: "nobody" };

  /** @param {Sound} sound @param {Microphone} microphone @param {(text: string) => void} hint @param {() => void} leave gives the focus back */
  constructor(sound, microphone, hint, leave) {
    this.#sound = sound;
    this.#microphone = microphone;
    this.#hint = hint;
    this.#leave = leave;
    sound.onChange = microphone.onChange = () => this.#show();
    this.#button.addEventListener("click", () => this.#turnSound());
    this.#slider.addEventListener("input", () => { sound.volume = Number(this.#slider.value); });
    this.#talk.addEventListener("click", () => this.#turnMicrophone());
    this.#show();
  }

  /** @param {Partial<SoundSituation>} change */
  update(change) {
    Object.assign(this.#situation, change);
    // Who may not speak any more is not left with a microphone that seems to be on.
    if (this.#microphone.on && !(this.#situation.controls && this.#situation.available)) this.#microphone.off();
    this.#show();
  }

  #turnSound() {
    if (this.#situation.reachable) this.#sound.toggle();
    else this.#hint(`${UNREACHABLE}.`);
    this.#leave();
  }

  async #turnMicrophone() {
    const problem = await this.#microphone.toggle();
    if (problem) this.#hint(problem);
    this.#leave();
  }

  #show() {
    const { available, reachable, recording, controls, takesMicrophone, speaker } = this.#situation;
    const state = reachable ? this.#sound.state : "none";
    this.#group.hidden = !available;
    this.#button.dataset.state = state;
    this.#button.setAttribute("aria-pressed", String(state === "on"));
    this.#button.title = available && !reachable ? UNREACHABLE : SOUND_TITLES[state];
    this.#slider.value = String(state === "muted" ? 0 : this.#sound.volume);
    this.#slider.disabled = !reachable;

    const on = this.#microphone.on;
    this.#talk.hidden = !(available && reachable && controls && takesMicrophone);
    this.#talk.setAttribute("aria-pressed", String(on));
    const words = !on ? "Turn the microphone on" : speaker === "another" ? "Microphone on; the machine hears another viewer's"
      : !recording ? "Microphone on; the machine does not listen at present" : "Microphone on: turn it off";
    this.#talk.title = words;
    this.#talk.dataset.state = on ? (speaker === "you" && recording ? "heard" : "waiting") : "off";
    this.#mark.hidden = !on;
    this.#mark.title = words;
  }
}
