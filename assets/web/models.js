// The models: which there are, which hear, and what a file is that was loaded.

import { ask, send } from "./ask.js";
import { list, when } from "./kept.js";

const KINDS = ["emotion", "harmony", "melody", "dynamics", "groove", "orbit"];
const REMEMBERED = "dendrite.models";

export class Models {
  // chosen(ids): called with the models that are to stand in the place of those that are there anyway
  constructor(chosen) {
    this.chosen = chosen;
    this.choice = JSON.parse(localStorage.getItem(REMEMBERED) ?? "{}");
    this.message = document.getElementById("model-message");
    const input = document.getElementById("model-file");
    document.getElementById("load-model").onclick = () => input.click();
    input.onchange = () => {
      if (input.files.length) this.load(input.files[0]);
      input.value = "";
    };
  }

  async refresh() {
    const { models } = await ask("/api/models");
    for (const kind of KINDS) {
      // What was chosen may be gone, with its data folder.
      if (!models.some((model) => model.id === this.choice[kind])) delete this.choice[kind];
    }
    document.getElementById("model-choice").replaceChildren(...KINDS.map((kind) => this.row(kind, models)));
    // Those that are there anyway have no time.
    const own = models.filter((model) => model.time > 0);
    const entries = own.map((model) => ({ ...model, name: called(model), detail: `${model.kind}, ${when(model.time)}`, path: `/api/model/${model.id}` }));
    list(document.getElementById("model-list"), entries, {
      none: "No model was trained or loaded here yet.",
      gone: (model) => {
        if (this.choice[model.kind] === model.id) this.choose(model.kind, null);
        this.say(`${model.name} is gone.`, "");
        this.refresh().catch((error) => this.say(error.message, "bad"));
      },
      failed: (error) => this.say(error.message, "bad"),
    });
    return this.ids();
  }

  row(kind, models) {
    const own = models.filter((model) => model.kind === kind);
    const label = element("label", "row", kind);
    const select = element("select");
    for (const model of own) {
      const option = element("option", "", model.time ? `${called(model)}, ${when(model.time)}` : called(model));
      option.value = model.id;
      option.title = model.what;
      select.append(option);
    }
    select.value = this.choice[kind] ?? own[0].id;
    select.onchange = () => {
      this.choose(kind, select.value === own[0].id ? null : select.value);
      this.say(own.find((model) => model.id === select.value).what, "");
    };
    label.append(select);
    return label;
  }

  choose(kind, id) {
    if (id) this.choice[kind] = id;
    else delete this.choice[kind];
    localStorage.setItem(REMEMBERED, JSON.stringify(this.choice));
    this.chosen(this.ids());
  }

  ids() {
    return Object.values(this.choice);
  }

  async load(file) {
    this.say(`Checking ${file.name} …`, "");
    try {
      const model = await send("/api/model/upload", file);
      this.choose(model.kind, model.id);
      const format = model.format === "onnx" ? "ONNX" : "RTNeural JSON";
      this.say(`${file.name} (${format}) is ${model.what}; ${model.parameters.toLocaleString("en")} parameters. It hears now.`, "good");
      await this.refresh();
    } catch (error) {
      this.say(`${file.name}: ${error.message}`, "bad");
    }
  }

  say(words, tone) {
    this.message.textContent = words;
    this.message.className = tone && `message-${tone}`;
  }
}

// An upload is known by its file's name, the others by where they are from.
function called(model) {
  return model.source === "uploaded" && model.name ? model.name : model.source.replace("built-in", "built in");
}

function element(name, className = "", text = "") {
  return Object.assign(document.createElement(name), { className, textContent: text });
}
