/*
 * Forms with data-keep: what was written is there again when the form did not arrive, because the
 * session or the connection had ended, or because the page was left.
 *
 * An entry is "sent" until the next page shows that it arrived. A page that says that nothing was
 * saved (data-not-saved), and a page of nobody's (the sign-in page), make it "lost".
 */
import { all, get, markLost, put, remove } from "./kept.js";
import { say } from "./say.js";

const person = document.body.dataset.person;
const failed = Boolean(document.querySelector("[data-not-saved]"));
// A form that leads back to its own page: the answer says that something was done.
const done = Boolean(document.querySelector("[data-level=success]"));
const KEPT = "textarea, select, input:is([type=text], [type=search], [type=email], [type=checkbox], [type=radio], :not([type]))";

const nameOf = (form) => `form:${form.dataset.keep}`;
const fields = (form) => [...form.elements].filter((field) => field.name && field.matches(KEPT));
const isChoice = (field) => field.type === "checkbox" || field.type === "radio";
const written = (form) =>
  fields(form).map((field) => [field.name, isChoice(field) ? [field.value, field.checked] : field.value]);

function putBack(form, entry) {
  const now = written(form);
  fields(form).forEach((field, place) => {
    const kept = entry.fields[place];
    if (kept?.[0] !== field.name) return;
    if (!isChoice(field)) field.value = kept[1];
    else if (kept[1][0] === field.value) field.checked = kept[1][1];
  });
  if (JSON.stringify(written(form)) === JSON.stringify(now)) return false;
  return true;
}

function offer(form, entry) {
  const box = document.createElement("div");
  box.className = "alert tone-clear no-print";
  const inside = document.createElement("div");
  const sentence = document.createElement("p");
  sentence.textContent = gettext("You wrote something here that was not saved.");
  const buttons = document.createElement("p");
  buttons.className = "buttons";
  for (const [label, act] of [[gettext("Restore"), () => putBack(form, entry)], [gettext("Discard"), () => {}]]) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "button button--small", textContent: label });
    button.addEventListener("click", () => {
      act();
      remove(nameOf(form));
      box.remove();
      form.querySelector("input:not([type=hidden]), textarea, select")?.focus();
    });
    buttons.append(button);
  }
  inside.append(sentence, buttons);
  box.append(inside);
  form.before(box);
}

function meet(form) {
  const entry = get(nameOf(form));
  let fresh = JSON.stringify(written(form));
  let sent = false;
  if (entry && JSON.stringify(entry.fields) === fresh) remove(nameOf(form));
  else if (entry?.sent && !entry.lost && done) remove(nameOf(form));
  else if (entry && form.querySelector("[aria-invalid=true], [data-form-errors]")) remove(nameOf(form));
  else if (entry?.lost && putBack(form, entry)) {
    form.closest("details")?.setAttribute("open", "");
    say(gettext("What you wrote was restored."));
  } else if (entry) offer(form, entry);
  const keep = (more) => put(nameOf(form), { fields: written(form), ...more });
  // At the document, so that a script which sends the form itself has said so before.
  document.addEventListener("submit", (event) => {
    if (event.target !== form || event.defaultPrevented) return;
    sent = true;
    keep({ sent: true });
  });
  form.addEventListener("kept:arrived", () => (fresh = JSON.stringify(written(form))));
  addEventListener("pagehide", () => {
    if (!sent && JSON.stringify(written(form)) !== fresh) keep({ sent: false });
  });
  addEventListener("pageshow", (event) => event.persisted && (sent = false));
}

if (!person || failed) markLost();
if (person && !failed) {
  const here = [...document.querySelectorAll("form[data-keep]")];
  const shown = new Set(here.map(nameOf));
  // Sent, and the answer is another page: it arrived.
  for (const [what, entry] of all()) {
    if (what.startsWith("form:") && entry?.sent && !entry.lost && !shown.has(what)) remove(what);
  }
  here.forEach(meet);
}
