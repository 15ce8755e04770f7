// What is kept in the data folder, as lists whose entries can be deleted. The button asks first: pressed once it says so, and
// pressed again it deletes; leaving it takes the question back.

import { ask } from "./ask.js";

// entries: [{ name, detail, path }]; gone(entry): called when one was deleted; failed(error)
export function list(element, entries, { none, gone, failed }) {
  const empty = Object.assign(document.createElement("li"), { textContent: none });
  element.replaceChildren(...(entries.length ? entries.map((entry) => item(entry, gone, failed)) : [empty]));
}

// Seconds since 1970 as day and time, short enough for a list.
export function when(time_s) {
  return new Date(time_s * 1000).toLocaleString([], { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
}

function item(entry, gone, failed) {
  const li = document.createElement("li");
  const name = Object.assign(document.createElement("span"), { textContent: entry.name, title: entry.name });
  const detail = Object.assign(document.createElement("span"), { textContent: entry.detail });
  li.append(name, detail, button(entry, gone, failed));
  return li;
}

function button(entry, gone, failed) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "delete" });
  const rest = () => {
    button.dataset.asking = "";
    button.textContent = "Delete";
    button.setAttribute("aria-label", `Delete ${entry.name}`);
  };
  rest();
  button.onblur = rest;
  button.onclick = async () => {
    if (!button.dataset.asking) {
      button.dataset.asking = "yes";
      button.textContent = "Really?";
      button.setAttribute("aria-label", `Really delete ${entry.name}?`);
      return;
    }
    button.disabled = true;
    try {
      await ask(entry.path, { method: "DELETE" });
      gone(entry);
    } catch (error) {
      button.disabled = false;
      rest();
      failed(error);
    }
  };
  return button;
}
