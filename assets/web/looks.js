// How it looks and moves: the presets that come with Dendrite, and the controls over them.

import { ask } from "./ask.js";

const at = (id) => document.getElementById(id);
// From a slider's place to the value that is meant, and back.
const same = [Number, Number];
const SLIDERS = { reaction: same, glow: same, detail: same, zoom: [(place) => 10 ** (Number(place) / 2), (zoom) => 2 * Math.log10(zoom)] };
// The greatest reaction for people whose system says that they want little motion.
const CALM = 0.15;

export class Looks {
  // live: who is told
  constructor(live) {
    this.live = live;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    for (const [name, [value]] of Object.entries(SLIDERS)) {
      at(name).oninput = () => live.wish({ look: { [name]: value(at(name).value) } });
    }
    at("palette").onchange = () => live.wish({ look: { palette: Number(at("palette").value) } });
    at("follows-mood").onchange = () => live.wish({ look: { palette_follows_mood: at("follows-mood").checked } });
    at("sensitivity").oninput = () => live.wish({ sensitivity_db: Number(at("sensitivity").value) });
    if (this.calm) {
      at("reaction").value = CALM;
      live.wish({ look: { reaction: CALM } });
    }
  }

  async offer() {
    const { presets } = await ask("/api/presets");
    at("preset").replaceChildren(...presets.map(({ name }) => new Option(name, name)));
    at("preset").onchange = () => this.take(presets.find(({ name }) => name === at("preset").value));
    at("preset-about").textContent = presets[0].about;
  }

  take({ name, about, look }) {
    const reaction = this.calm ? Math.min(look.reaction, CALM) : look.reaction;
    const chosen = { ...look, reaction };
    this.live.wish({ preset: name, look: chosen });
    at("preset-about").textContent = about;
    for (const [slider, [, place]] of Object.entries(SLIDERS)) at(slider).value = place(chosen[slider]);
    at("palette").value = look.palette;
    at("follows-mood").checked = look.palette_follows_mood;
  }
}
