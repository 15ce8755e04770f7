// The page: puts its parts together and answers to buttons, keys and dropped files.

import { Hearing } from "./hearing.js";
import { Live } from "./live.js";
import { Looks } from "./looks.js";
import { Models } from "./models.js";
import { Mood } from "./mood.js";
import { Orbit } from "./mandelbrot.js";
import { Picture } from "./picture.js";
import { Sound } from "./sound.js";
import { Training } from "./training.js";

const at = (id) => document.getElementById(id);
const SEEN = "dendrite.seen";

// --- what is seen ---

const picture = new Picture(at("picture"));
picture.start().catch((error) => notice(error.message, "bad"));
const overlays = [new Hearing(), new Mood(), new Orbit()];

const live = new Live({
  picture: (buffer) => picture.push(buffer),
  snapshot: (hop) => overlays.forEach((overlay) => overlay.take(hop)),
  ready: (ready) => {
    sound.delay_s = ready.picture_delay_s;
    const trained = ready.models.filter((status) => status === "trained").length;
    modelsState = trained === 6 ? "six models" : `${trained} of 6 models`;
    state();
  },
  lost: (reason) => {
    at("state").textContent = reason;
  },
});

function draw() {
  requestAnimationFrame(draw);
  if (!document.body.classList.contains("bare")) overlays.forEach((overlay) => overlay.draw());
}
draw();

// --- what is heard ---

const SOURCES = { demo: "the demo song", file: "a file", microphone: "the microphone" };
let modelsState = "";
let heard = null;
const sound = new Sound(live, (source) => {
  heard = source;
  at("stop").disabled = !source;
  for (const [id, name] of [["demo", "demo"], ["open", "file"], ["microphone", "microphone"]]) {
    at(id).setAttribute("aria-pressed", String(source === name));
  }
  state();
});

function state() {
  at("state").textContent = [heard ? `hears ${SOURCES[heard]}` : "at rest", modelsState].filter(Boolean).join(" · ");
}

const tried = (work) => work.catch((error) => notice(error.message, "bad"));
at("demo").onclick = () => tried(sound.playDemo());
at("microphone").onclick = () => tried(sound.listen());
at("open").onclick = () => at("file").click();
at("file").onchange = () => {
  if (at("file").files.length) tried(sound.playFile(at("file").files[0]));
  at("file").value = "";
};
at("stop").onclick = () => sound.stop();
at("volume").oninput = () => sound.setVolume(Number(at("volume").value));
if (!window.isSecureContext) {
  notice("This page is not encrypted, so the browser gives it no microphone. The demo song and files work.", "bad");
}

// --- how it looks ---

tried(new Looks(live).offer());

// --- the studio ---

const models = new Models((ids) => live.wish({ models: ids }));
const refresh = () => models.refresh().catch((error) => notice(error.message, "bad"));
refresh().then((ids) => ids?.length && live.wish({ models: ids }));
new Training(refresh);

const tabs = [...document.querySelectorAll('[role="tab"]')];
function select(tab) {
  for (const other of tabs) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    at(other.getAttribute("aria-controls")).hidden = !chosen;
  }
}
tabs.forEach((tab, n) => {
  tab.onclick = () => select(tab);
  tab.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: tabs.length - 1 }[event.key];
    if (!step) return;
    const next = tabs[(n + step) % tabs.length];
    select(next);
    next.focus();
  };
});

function open(wanted) {
  at("drawer").hidden = !wanted;
  at("studio").setAttribute("aria-expanded", String(wanted));
  document.body.classList.toggle("studio-open", wanted);
  (wanted ? tabs.find((tab) => tab.tabIndex === 0) : at("studio")).focus();
}
at("studio").onclick = () => open(at("drawer").hidden);
at("close").onclick = () => open(false);

function showOverlays(wanted) {
  document.body.classList.toggle("bare", !wanted);
  at("show-overlays").setAttribute("aria-pressed", String(wanted));
}
at("show-overlays").onclick = () => showOverlays(document.body.classList.contains("bare"));

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else tried(document.documentElement.requestFullscreen());
}
at("full-screen").onclick = fullScreen;
document.onfullscreenchange = () => at("full-screen").setAttribute("aria-pressed", String(!!document.fullscreenElement));

// --- keys and dropped files ---

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !at("drawer").hidden) return open(false);
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("button, input, select, a")) return;
  const act = {
    " ": () => (heard ? sound.stop() : at("demo").click()),
    f: fullScreen,
    h: () => at("show-overlays").click(),
  }[event.key.toLowerCase()];
  if (act) {
    event.preventDefault();
    act();
  }
});

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
document.addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  at("drop").hidden = false;
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) at("drop").hidden = true;
});
document.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  at("drop").hidden = true;
  const file = event.dataTransfer.files[0];
  if (/\.(json|onnx)$/i.test(file.name)) {
    open(true);
    select(at("tab-models"));
    models.load(file);
  } else tried(sound.playFile(file));
});

// --- what has to be said ---

function notice(words, tone = "", done = () => {}) {
  const box = Object.assign(document.createElement("div"), { className: `notice glass ${tone}` });
  const text = Object.assign(document.createElement("p"), { textContent: words });
  const button = Object.assign(document.createElement("button"), { textContent: "OK" });
  button.onclick = () => {
    box.remove();
    done();
  };
  box.append(text, button);
  at("notices").append(box);
}

if (!localStorage.getItem(SEEN)) {
  notice("Pictures move with the music. A limiter keeps flashes to three a second; if flickering light harms you, see About first.", "", () =>
    localStorage.setItem(SEEN, "yes"),
  );
}
