/*
 * What a person wrote and the server does not have yet, kept in this browser for that person.
 *
 * It leaves the machine's storage as soon as the server has it, when its person signs out, when
 * somebody else signs in, and after twelve hours. Where storage is forbidden, nothing is kept.
 */
const PREFIX = "touchstone.words:";
const SIGNED_OUT = "touchstone.signed-out";
const HOURS = 12;
const person = document.body.dataset.person ?? "";
let quiet = false; // after signing out, in any tab, nothing more is stored

const nameOf = (what) => `${PREFIX}${person}:${what}`;

function storage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

export function put(what, entry) {
  if (!person || quiet) return false;
  try {
    storage()?.setItem(nameOf(what), JSON.stringify({ ...entry, at: Date.now() }));
    return true;
  } catch {
    return false; // full, or forbidden
  }
}

export function get(what) {
  try {
    return JSON.parse(storage()?.getItem(nameOf(what)) ?? "null");
  } catch {
    return null;
  }
}

export const remove = (what) => person && storage()?.removeItem(nameOf(what));

/* What is kept for the signed-in person: [what, entry]. */
export function all() {
  const start = nameOf("");
  return person ? names().filter((name) => name.startsWith(start)).map((name) => {
    const what = name.slice(start.length);
    return [what, get(what)];
  }) : [];
}

function names() {
  const store = storage();
  return store ? Object.keys(store).filter((name) => name.startsWith(PREFIX)) : [];
}

function forget(unless = () => false) {
  for (const name of names()) if (!unless(name)) storage().removeItem(name);
}

/* Called on a page that shows that nothing arrived, also on one that knows nobody. */
export function markLost() {
  for (const name of names()) {
    try {
      const entry = JSON.parse(storage().getItem(name));
      if (entry.sent) storage().setItem(name, JSON.stringify({ ...entry, lost: true }));
    } catch {
      /* it is forgotten when it is too old */
    }
  }
}

function isFresh(name) {
  try {
    return Date.now() - JSON.parse(storage().getItem(name)).at < HOURS * 3_600_000;
  } catch {
    return false;
  }
}

/* A page of nobody's keeps what there is: a session may just have ended. */
forget((name) => isFresh(name) && (!person || name.startsWith(nameOf(""))));

document.addEventListener("submit", (event) => {
  const action = event.submitter?.getAttribute("formaction") ?? event.target.action;
  if (!/\/logout\/$/.test(new URL(action, location.href).pathname)) return;
  quiet = true;
  forget();
  try {
    storage()?.setItem(SIGNED_OUT, String(Date.now())); // tells the other tabs
    storage()?.removeItem(SIGNED_OUT);
  } catch {
    /* nothing was kept either */
  }
});
addEventListener("storage", (event) => {
  if (event.key === SIGNED_OUT && event.newValue) quiet = true;
});

/* Drafts of cases that could not be handed in: once the server answers, they are its own. */
export async function handIn(entry) {
  const body = new URLSearchParams(entry.fields);
  const answer = await fetch(entry.url, { method: "POST", body, credentials: "same-origin" });
  if (answer.status >= 500 || answer.status === 429) throw new Error(`status ${answer.status}`);
  return answer;
}

async function handInAll() {
  const held = document.querySelector("[data-held]")?.dataset.case;
  for (const [what, entry] of all()) {
    if (!entry?.url || what === `case:${held}`) continue;
    try {
      const answer = await handIn(entry);
      remove(what);
      if (answer.ok && entry.page === location.pathname) location.reload();
    } catch {
      return; // the server cannot be reached: later
    }
  }
}
handInAll();
