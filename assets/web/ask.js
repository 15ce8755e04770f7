// Requests to the studio: answers as values, failures as errors with the studio's own words.

export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("the studio does not answer");
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(body.error ?? `the studio says ${answer.status}`), { field: body.field });
  return body;
}

// Sends a file as the body, as it is.
export function send(path, file) {
  return ask(`${path}?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
}
