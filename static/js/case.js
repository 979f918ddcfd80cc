/*
 * A case in hand: the hold is renewed while the page is open, and what is written is handed in as
 * a draft, so that no way of leaving the page loses it.
 */
import { get, handIn, put, remove } from "./kept.js";
import { say } from "./say.js";

const RENEW_EVERY = 60_000;
const SAVE_AFTER = 1_500;
const WORDS = ["outcome", "policy", "confidence", "codes", "reason", "note"];
const form = document.querySelector("[data-held]");

const TROUBLE = {
  lost: gettext("Your claim on this case was lost. What you wrote is kept as a draft. Open the case again to see who it is assigned to."),
  out: gettext("You are signed out, so your claim is not renewed. What you wrote is kept. Open the case again and sign in."),
  stale: gettext("You signed in again in another tab, so this page cannot renew the claim. What you wrote is kept. Open the case again."),
  away: gettext("The server cannot be reached, so your claim is not renewed. What you write is kept in this browser. Leave the page open. It retries every minute."),
  broken: gettext("The server could not renew your claim. What you write is kept. The page retries every minute."),
};

if (form) {
  const name = `case:${form.dataset.case}`;
  const notice = form.querySelector("[data-hold-trouble]");
  let leaseUntil = Date.parse(form.dataset.leaseUntil);
  let waiting = 0;
  let sending = null;
  let handedIn = words();

  function words() {
    const written = new FormData(form);
    return JSON.stringify(WORDS.map((field) => written.getAll(field).join()));
  }

  function entry() {
    const written = new FormData(form);
    const fields = WORDS.flatMap((field) => written.getAll(field).map((value) => [field, value]));
    fields.push(["draft_pass", written.get("draft_pass")]);
    return { url: form.dataset.draft, page: location.pathname, base: form.dataset.savedAt, fields };
  }

  const changed = () => words() !== handedIn;

  async function save() {
    clearTimeout(waiting);
    if (sending || !changed()) return;
    const now = words();
    sending = handIn(entry());
    try {
      const answer = await sending;
      handedIn = now;
      if (answer.ok) form.dataset.savedAt = (await answer.json()).saved_at;
      remove(name);
      if (answer.ok) tell(gettext("What you wrote is kept as a draft."));
    } catch {
      tell(put(name, entry())
        ? gettext("What you wrote is kept in this browser until the server can be reached.")
        : gettext("What you wrote could not be kept. Do not close this page."));
      waiting = setTimeout(save, 10 * SAVE_AFTER);
      return;
    } finally {
      sending = null;
    }
    if (changed()) save();
  }

  function tell(sentence) {
    const line = form.querySelector("[data-kept]");
    line.hidden = false;
    line.textContent = sentence;
  }

  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(save, SAVE_AFTER);
  }

  /* The last moment: what is not handed in goes along, and stays here in case it does not arrive. */
  function leave() {
    if (!changed()) return;
    put(name, entry());
    navigator.sendBeacon(form.dataset.draft, new URLSearchParams(entry().fields));
  }

  function putBack() {
    const local = get(name);
    if (!local) return;
    remove(name);
    // Whatever the server got since is newer than this.
    if ("cameBack" in form.dataset || local.base !== form.dataset.savedAt) return;
    for (const [field, value] of local.fields) {
      if (!WORDS.includes(field) || !form.elements[field]) continue;
      if (field === "codes") form.querySelector(`[name="codes"][value="${CSS.escape(value)}"]`)?.click();
      else form.elements[field].value = value;
    }
    if (!changed()) return;
    say(gettext("What you wrote was restored."));
    save();
  }

  /* A reason code stands for words, and may bring its policy along. */
  const codes = [...form.querySelectorAll('[name="codes"]')];
  function basis() {
    const chosen = codes.filter((code) => code.checked);
    const policies = new Set(chosen.map((code) => code.dataset.policy).filter(Boolean));
    const policy = form.elements.policy;
    if (policy && !policy.value && policies.size === 1) [policy.value] = policies;
  }
  for (const code of codes) code.addEventListener("change", basis);

  /* Ctrl+Enter decides and takes the next, also from inside text. */
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector('[name="next"]'));
  });

  form.addEventListener("input", soon);
  form.addEventListener("change", save);
  form.addEventListener("submit", () => {
    clearTimeout(waiting);
    if (changed()) put(name, entry()); // handed in by the next page, unless it was decided
    handedIn = words();
  });
  addEventListener("pagehide", leave);
  if ("cameBack" in form.dataset) handedIn = "";
  putBack();
  if (changed()) save();

  async function renew() {
    const body = new FormData();
    for (const field of ["csrfmiddlewaretoken", "fence"]) body.append(field, form.elements[field].value);
    try {
      const headers = { Accept: "application/json" };
      const answer = await fetch(form.dataset.heartbeat, { method: "POST", body, headers });
      if (answer.status === 204) return renewed();
      const known = { 401: "out", 403: "stale", 404: "lost", 409: "lost" }[answer.status];
      if (known === "lost") clearInterval(timer);
      warn(known ?? "broken");
    } catch {
      warn("away");
    }
  }

  function renewed() {
    leaseUntil = Date.now() + Number(form.dataset.leaseSeconds ?? 600) * 1000;
    if (notice.hidden) return;
    notice.hidden = true;
    say(gettext("Your claim on this case is renewed again."));
    save();
  }

  function warn(which) {
    const end = new Date(leaseUntil);
    const at = end.toISOString().slice(11, 16);
    const hold = Date.now() < end
      ? interpolate(gettext("Without renewal your claim expires at %(time)s UTC."), { time: at }, true)
      : interpolate(gettext("Your claim expired at %(time)s UTC. Somebody else may claim the case."), { time: at }, true);
    const sentence = which === "lost" ? TROUBLE.lost : `${TROUBLE[which]} ${hold}`;
    const place = notice.querySelector("[data-sentence]");
    notice.querySelector("[data-reload]").hidden = which === "away" || which === "broken";
    notice.hidden = false;
    if (place.textContent !== sentence) place.textContent = sentence;
    save();
  }

  const timer = setInterval(renew, RENEW_EVERY);
  addEventListener("online", renew);
  document.addEventListener("visibilitychange", () => {
    // A hidden page's timers may sleep: whoever comes back sees at once whether the hold stands.
    if (!document.hidden && leaseUntil - Date.now() < 9 * RENEW_EVERY) renew();
  });
}
