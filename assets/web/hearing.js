// What is heard: chord, tempo, the last seconds of loudness and onsets (ticks where a hit was seen), the six band gates.

import { surface } from "./mood.js";

const HISTORY = 200; // hops: four seconds

export class Hearing {
  constructor() {
    this.canvas = document.getElementById("hearing");
    this.chord = document.getElementById("chord");
    this.tempo = document.getElementById("tempo");
    this.past = [];
    this.gates = new Array(6).fill(0);
  }

  take(hop) {
    if (hop.hop === 0) this.past = [];
    this.past.push([hop.loudness, hop.onset, hop.onset_detected]);
    if (this.past.length > HISTORY) this.past.shift();
    this.gates = hop.gates;
    set(this.chord, hop.chord ?? "–");
    set(this.tempo, hop.tempo_bpm > 0 ? Math.round(hop.tempo_bpm) : "–");
  }

  draw() {
    const [context, width, height] = surface(this.canvas);
    const bars = Math.min(width * 0.28, 60);
    const graph = width - bars - 12;
    const x = (n) => ((n + HISTORY - this.past.length) / (HISTORY - 1)) * graph;
    context.beginPath();
    context.moveTo(x(0), height);
    this.past.forEach(([loudness], n) => context.lineTo(x(n), height - loudness * (height - 8)));
    context.lineTo(graph, height);
    context.fillStyle = "rgb(143 192 236 / 30%)";
    context.fill();
    context.beginPath();
    this.past.forEach(([, onset], n) => {
      context.moveTo(x(n), height);
      context.lineTo(x(n), height - Math.min(onset * 1.6, 1) * (height - 8));
    });
    context.strokeStyle = "rgb(240 190 120 / 70%)";
    context.stroke();
    context.fillStyle = "#f0be78";
    this.past.forEach(([, , detected], n) => detected && context.fillRect(x(n) - 1, 0, 2.5, 5));
    const step = bars / 6;
    this.gates.forEach((gate, n) => {
      context.fillStyle = "rgb(255 255 255 / 9%)";
      context.fillRect(width - bars + n * step, 0, step - 3, height);
      context.fillStyle = "#8b95ad";
      context.fillRect(width - bars + n * step, height * (1 - gate), step - 3, height * gate);
    });
  }
}

function set(element, text) {
  if (element.textContent !== String(text)) element.textContent = text;
}
