// What it feels like: the probability map over valence and arousal, and where the mood is on it.

const SIDE = 8;

export class Mood {
  constructor() {
    this.canvas = document.getElementById("mood");
    this.words = document.getElementById("mood-words");
    this.map = new Array(SIDE * SIDE).fill(1000 / 64);
    this.place = [0, 0];
  }

  take(hop) {
    this.map = hop.mood;
    this.place = [hop.valence, hop.arousal];
    const words = `${hop.valence < 0 ? "dark" : "bright"}, ${hop.arousal < 0 ? "calm" : "excited"}`;
    if (this.words.textContent !== words) this.words.textContent = words;
  }

  draw() {
    const [context, width, height] = surface(this.canvas);
    const [w, h] = [width / SIDE, height / SIDE];
    const most = Math.max(60, ...this.map);
    this.map.forEach((share, n) => {
      context.fillStyle = `rgb(143 192 236 / ${(6 + 84 * (share / most)).toFixed(0)}%)`;
      context.fillRect((n % SIDE) * w + 0.5, height - (Math.floor(n / SIDE) + 1) * h + 0.5, w - 1, h - 1);
    });
    const [valence, arousal] = this.place;
    context.beginPath();
    context.arc(((valence + 1) / 2) * width, ((1 - arousal) / 2) * height, 4.5, 0, 2 * Math.PI);
    context.fillStyle = "#f0be78";
    context.fill();
    context.strokeStyle = "rgb(0 0 0 / 60%)";
    context.stroke();
  }
}

// A canvas cleared, at the screen's resolution: its context, and its size in CSS pixels.
export function surface(canvas) {
  const ratio = Math.min(window.devicePixelRatio, 2);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return [context, width, height];
}
