/* Several files, each sent by itself with its own progress, stop and retry. Without this module the
   form posts as any form does. */
import { say } from "./say.js";

const AT_ONCE = 2;
const NOT_MEDIA = [413, 415]; // too large, or of no kind that is read
const form = document.querySelector("[data-intake]");
const input = form?.querySelector('input[type="file"]');
const drop = form?.querySelector("[data-drop]");
const section = document.querySelector("[data-uploads]");
const list = document.querySelector("[data-upload-list]");
const template = document.getElementById("upload-template");
const waiting = [];
let running = 0;

if (form && input && template) {
  drop.querySelector("[data-drop-hint]").hidden = false;
  form.addEventListener("submit", (event) => {
    if (!input.files.length) return;
    event.preventDefault();
    for (const file of input.files) add(file);
    input.value = "";
  });
  for (const type of ["dragenter", "dragover"]) {
    drop.addEventListener(type, (event) => {
      event.preventDefault();
      drop.dataset.over = "yes";
    });
  }
  for (const type of ["dragleave", "drop"]) {
    drop.addEventListener(type, () => delete drop.dataset.over);
  }
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    for (const file of event.dataTransfer.files) add(file);
  });
  addEventListener("beforeunload", (event) => {
    if (running || waiting.length) event.preventDefault();
  });
}

function add(file) {
  const row = template.content.firstElementChild.cloneNode(true);
  const part = (name) => (name === "row" ? row : null) ?? row.querySelector(`[data-${name}]`);
  part("name").textContent = file.name;
  part("size").textContent = size(file.size);
  part("progress").setAttribute("aria-label", interpolate(gettext("Sending %(file)s"), { file: file.name }, true));
  // The words of the form as they are now: they may be changed for the next file.
  const fields = new FormData(form);
  fields.delete("upload");
  const upload = { file, fields, part, request: null };
  part("stop").addEventListener("click", () => stop(upload));
  part("retry").addEventListener("click", () => enqueue(upload));
  section.hidden = false;
  list.prepend(row);
  if (file.size > Number(form.dataset.mostBytes)) refuse(upload);
  else enqueue(upload);
}

/* The server would say the same once all of it had been sent. */
function refuse(upload) {
  finish(upload, { status: 413, responseText: JSON.stringify({ sentence: form.dataset.tooLarge }) });
}

/* How many of the files have arrived, and of how many the analysis has ended. */
function count() {
  const of = (selector) => list.querySelectorAll(selector).length;
  const sent = of("[data-open][href]");
  const counted = { all: list.children.length, sent, ended: sent - of("[data-status]") };
  const said = [interpolate(gettext("%(sent)s of %(all)s sent"), counted, true)];
  if (counted.sent) said.push(interpolate(gettext("%(ended)s analysed"), counted, true));
  const refused = of("[data-refused]");
  if (refused) said.push(interpolate(gettext("%(n)s did not arrive"), { n: refused }, true));
  section.querySelector("[data-counts]").textContent = said.join(", ");
  section.querySelector("[data-all]").value = (counted.sent + counted.ended) / (2 * counted.all);
}

function enqueue(upload) {
  upload.part("retry").hidden = true;
  upload.part("stop").hidden = false;
  upload.part("progress").hidden = false;
  delete upload.part("row").dataset.refused;
  count();
  upload.part("sentence").textContent = gettext("Waiting to be sent");
  waiting.push(upload);
  next();
}

function next() {
  while (running < AT_ONCE && waiting.length) send(waiting.shift());
}

function send(upload) {
  const { part } = upload;
  const request = new XMLHttpRequest();
  const body = new FormData();
  for (const [name, value] of upload.fields) body.append(name, value);
  body.append("upload", upload.file);
  upload.request = request;
  running += 1;
  part("sentence").textContent = gettext("Sending");
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) part("progress").value = (100 * event.loaded) / event.total;
  });
  request.upload.addEventListener("load", () => (part("sentence").textContent = gettext("Storing")));
  request.addEventListener("loadend", () => {
    running -= 1;
    finish(upload, request);
    next();
  });
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.send(body);
}

function finish(upload, request) {
  const { part } = upload;
  let answer = {};
  try {
    answer = JSON.parse(request.responseText);
  } catch {
    /* Not our server's words: the sentence below tells what to do. */
  }
  part("stop").hidden = true;
  if (request.status === 202) {
    upload.part("row").dataset.status = answer.id;
    watch();
    part("progress").hidden = true;
    form.dispatchEvent(new Event("kept:arrived"));
    part("open").href = answer.url;
    part("earlier").hidden = !answer.earlier_url;
    if (answer.earlier_url) part("earlier").href = answer.earlier_url;
  } else {
    // The same bytes are refused again for what they are: there is nothing to try.
    part("retry").hidden = NOT_MEDIA.includes(request.status);
    part("progress").hidden = true;
    part("progress").value = 0;
    part("row").dataset.refused = "";
  }
  const sentence =
    answer.sentence ??
    (upload.stopped
      ? gettext("Stopped. Nothing was kept.")
      : gettext("The file did not arrive. Nothing was kept. Try again."));
  upload.stopped = false;
  const known = answer.earlier_url ? gettext("Received, known before") : gettext("Received");
  part("sentence").textContent = request.status === 202 ? known : sentence;
  part("sentence").title = sentence;
  count();
  say(`${upload.file.name}: ${sentence}`);
}

/* What became of the files that were sent from this page: asked while the page is visible, until
   all have ended. */
const ASK_EVERY = 4000;
let watching = 0;

function watch() {
  if (!watching) watching = setInterval(ask, ASK_EVERY);
}

async function ask() {
  if (document.hidden) return;
  // The oldest first: the server answers for so many at once, and the others end later.
  const rows = [...list.querySelectorAll("[data-status]")].slice(-Number(form.dataset.statesAsked));
  if (!rows.length) return stopWatching();
  try {
    const ids = new URLSearchParams(rows.map((row) => ["id", row.dataset.status]));
    const answer = await fetch(`${form.dataset.states}?${ids}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const states = (await answer.json()).submissions;
    for (const row of rows) show(row, states[row.dataset.status]);
  } catch {
    stopWatching();
    say(gettext("This list is no longer updated: the server did not answer. Open a result to see it."));
    for (const row of rows) row.querySelector("[data-state]").textContent += ` (${gettext("no longer updated")})`;
  }
}

function show(row, now) {
  if (!now) {
    delete row.dataset.status;
    return count();
  }
  const place = row.querySelector("[data-state]");
  const badge = now.ended && document.querySelector(`template[data-badge="${now.outcome}"]`);
  if (badge) place.replaceChildren(badge.content.cloneNode(true));
  else if (place.textContent !== now.words) place.textContent = now.words;
  if (!now.ended) return;
  delete row.dataset.status;
  count();
  say(`${row.querySelector("[data-name]").textContent}: ${now.words}`);
}

function stopWatching() {
  clearInterval(watching);
  watching = 0;
}

function stop(upload) {
  const place = waiting.indexOf(upload);
  upload.stopped = true;
  if (place >= 0) {
    waiting.splice(place, 1);
    finish(upload, { responseText: "", status: 0 });
  } else {
    upload.request?.abort();
  }
}

function size(bytes) {
  const units = [gettext("bytes"), "kB", "MB", "GB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000;
    unit += 1;
  }
  return `${bytes.toLocaleString(undefined, { maximumFractionDigits: 1 })} ${units[unit]}`;
}
