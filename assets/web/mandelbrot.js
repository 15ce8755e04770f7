// Where c is: the Mandelbrot set, drawn once, with c and the way it came.

import { surface } from "./mood.js";

const LEFT = -2.15;
const RIGHT = 0.75;
const TRAIL = 190; // hops: four seconds
const ITERATIONS = 96;

export class Orbit {
  constructor() {
    this.canvas = document.getElementById("orbit");
    this.words = document.getElementById("orbit-words");
    this.trail = [];
  }

  take(hop) {
    if (hop.hop === 0) this.trail = [];
    this.trail.push(hop.c);
    if (this.trail.length > TRAIL) this.trail.shift();
    const words = `period ${hop.component[0]}  s ${hop.s.toFixed(2)}  α ${hop.alpha.toFixed(2)}  ω ${hop.omega.toFixed(1)}`;
    if (hop.hop % 5 === 0) this.words.textContent = words;
  }

  draw() {
    const [context, width, height] = surface(this.canvas);
    if (this.map?.width !== this.canvas.width || this.map.height !== this.canvas.height) {
      if (!this.canvas.width || !this.canvas.height) return;
      this.map = map(this.canvas.width, this.canvas.height);
    }
    context.drawImage(this.map, 0, 0, width, height);
    const unit = width / (RIGHT - LEFT);
    const place = ([re, im]) => [(re - LEFT) * unit, height / 2 - im * unit];
    context.lineWidth = 1.5;
    for (let n = 1; n < this.trail.length; n++) {
      context.beginPath();
      context.moveTo(...place(this.trail[n - 1]));
      context.lineTo(...place(this.trail[n]));
      context.strokeStyle = `rgb(240 190 120 / ${Math.round((90 * n) / this.trail.length)}%)`;
      context.stroke();
    }
    const last = this.trail.at(-1);
    if (!last) return;
    context.beginPath();
    context.arc(...place(last), 4, 0, 2 * Math.PI);
    context.fillStyle = "#fff3df";
    context.fill();
  }
}

// The set as an image: dark inside, a faint glow towards the boundary outside.
function map(width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const unit = (RIGHT - LEFT) / width;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [re, im] = [LEFT + x * unit, (height / 2 - y) * unit];
      let [a, b, n] = [0, 0, 0];
      while (a * a + b * b <= 16 && n < ITERATIONS) {
        [a, b] = [a * a - b * b + re, 2 * a * b + im];
        n++;
      }
      const glow = n === ITERATIONS ? 0 : Math.min(1, n / 28);
      const colour = n === ITERATIONS ? [44, 56, 84] : [8 + 60 * glow, 11 + 100 * glow, 20 + 140 * glow];
      image.data.set([...colour, 255], 4 * (y * width + x));
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
