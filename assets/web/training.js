// Training: asked for, watched as it happens, stopped, resumed, remembered.

import { ask, send } from "./ask.js";
import { list, when } from "./kept.js";

const SVG = "http://www.w3.org/2000/svg";
const WORDS = { idle: "idle", training: "training", completed: "completed", error: "failed", stopped: "stopped" };

export class Training {
  // finished(): called when a job has made models
  constructor(finished) {
    this.finished = finished;
    const at = (id) => document.getElementById(id);
    Object.assign(this, {
      form: at("train-form"), message: at("train-message"), status: at("train-status"), epochs: at("train-epochs"),
      progress: at("train-progress"), curve: at("loss-curve"), start: at("train-start"), stop: at("train-stop"),
      resume: at("train-resume"), history: at("train-history"), sounds: at("sound-list"),
    });
    this.form.onsubmit = (event) => {
      event.preventDefault();
      this.begin(this.fields());
    };
    this.resume.onclick = () => this.begin({ resume: true });
    this.stop.onclick = async () => {
      this.stop.disabled = true;
      this.say("Stopping …");
      await ask("/api/train/stop", { method: "POST" }).then(() => this.say(""), (error) => this.say(error.message, "bad"));
    };
    const files = at("sound-files");
    at("sound-upload").onclick = () => files.click();
    files.onchange = () => this.upload([...files.files]).finally(() => (files.value = ""));
    this.watch();
    this.remember();
    this.listSounds();
  }

  // Empty fields are left out, and so are as `dendrite train` has them.
  fields() {
    const fields = {};
    for (const [name, value] of new FormData(this.form)) {
      if (value !== "") fields[name] = ["model", "data"].includes(name) ? value : Number(value);
    }
    return fields;
  }

  async begin(fields) {
    this.form.querySelectorAll("[aria-invalid]").forEach((field) => field.removeAttribute("aria-invalid"));
    this.say("");
    try {
      await ask("/api/train/start", { method: "POST", body: JSON.stringify(fields) });
      this.remember();
    } catch (error) {
      this.say(error.message, "bad");
      this.form.elements[error.field]?.setAttribute("aria-invalid", "true");
      this.form.elements[error.field]?.focus();
    }
  }

  async upload(files) {
    for (const file of files) {
      this.say(`Uploading ${file.name} …`);
      try {
        const sound = await send("/api/audio/upload", file);
        this.say(`${file.name} is there: ${sound.seconds.toFixed(1)} s of ${sound.format}.`, "good");
        await this.listSounds();
      } catch (error) {
        this.say(`${file.name}: ${error.message}`, "bad");
        return;
      }
    }
  }

  async listSounds() {
    const { sounds } = await ask("/api/audio").catch(() => ({ sounds: [] }));
    const entries = sounds.map((sound) => ({
      name: sound.name || sound.id, detail: `${sound.seconds.toFixed(1)} s, ${sound.format}`, path: `/api/audio/${sound.id}`,
    }));
    list(this.sounds, entries, {
      none: "None yet; they are learnt from where Music says so.",
      gone: (sound) => {
        this.say(`${sound.name} is gone.`);
        this.listSounds();
      },
      failed: (error) => this.say(error.message, "bad"),
    });
  }

  watch() {
    const events = new EventSource("/api/train/events");
    events.addEventListener("status", ({ data }) => this.show(JSON.parse(data)));
  }

  show(status) {
    const running = status.status === "training";
    this.status.textContent = WORDS[status.status];
    this.epochs.textContent = status.total_epochs ? `epoch ${status.current_epoch} of ${status.total_epochs}` : running ? "making music to learn from …" : "";
    // Before the first epoch nobody knows how long it takes.
    if (running && status.current_epoch === 0) this.progress.removeAttribute("value");
    else this.progress.value = status.progress;
    this.start.disabled = running;
    this.stop.disabled = !running;
    this.resume.hidden = !["stopped", "error"].includes(status.status);
    if (status.error) this.say(status.error, "bad");
    this.draw(status.loss_history);
    if (this.was === "training" && !running) {
      this.remember();
      if (status.status === "completed") {
        this.say("The model is made; choose it under Models.", "good");
        this.finished();
      }
    }
    this.was = status.status;
  }

  draw(losses) {
    const [left, right, top, bottom] = [40, 308, 12, 128];
    const line = (name, attributes, text = "") => {
      const node = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
      node.textContent = text;
      return node;
    };
    const nodes = [line("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }), line("line", { class: "axis", x1: left, x2: left, y1: top, y2: bottom })];
    if (losses.length) {
      const [low, high] = [Math.min(...losses), Math.max(...losses)];
      const x = (n) => (losses.length > 1 ? left + 8 + ((right - left - 16) * n) / (losses.length - 1) : (left + right) / 2);
      const y = (loss) => (high > low ? bottom - 10 - ((bottom - top - 20) * (loss - low)) / (high - low) : (top + bottom) / 2);
      const points = losses.map((loss, n) => `${x(n).toFixed(1)},${y(loss).toFixed(1)}`);
      // One epoch makes no line yet; its level does.
      if (losses.length === 1) nodes.push(line("line", { class: "level", x1: left, x2: right, y1: y(losses[0]), y2: y(losses[0]) }));
      nodes.push(line("polyline", { class: "line", points: points.join(" ") }));
      nodes.push(line("circle", { class: "dot", cx: x(losses.length - 1), cy: y(losses.at(-1)), r: 3.5 }));
      nodes.push(line("text", { x: left - 5, y: y(high) + 3, "text-anchor": "end" }, high.toPrecision(3)));
      if (high > low) nodes.push(line("text", { x: left - 5, y: y(low) + 3, "text-anchor": "end" }, low.toPrecision(3)));
      nodes.push(line("text", { x: x(0), y: bottom + 14, "text-anchor": "middle" }, "1"));
      if (losses.length > 1) nodes.push(line("text", { x: x(losses.length - 1), y: bottom + 14, "text-anchor": "middle" }, losses.length));
    } else {
      nodes.push(line("text", { x: (left + right) / 2, y: (top + bottom) / 2, "text-anchor": "middle" }, "nothing yet"));
    }
    this.curve.replaceChildren(...nodes);
  }

  async remember() {
    const { jobs } = await ask("/api/train/history").catch(() => ({ jobs: [] }));
    const item = (job) => {
      const li = document.createElement("li");
      const [what, how] = [document.createElement("span"), document.createElement("span")];
      what.textContent = `${job.request.model ?? "orbit"}, ${WORDS[job.state]}`;
      how.textContent = when(job.started);
      if (job.error) li.title = job.error;
      li.append(what, how);
      return li;
    };
    const none = Object.assign(document.createElement("li"), { textContent: "No training yet." });
    this.history.replaceChildren(...(jobs.length ? jobs.slice(0, 12).map(item) : [none]));
  }

  say(words, tone = "") {
    this.message.textContent = words;
    this.message.className = tone && `message-${tone}`;
  }
}
