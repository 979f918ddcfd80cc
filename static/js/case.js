/* A case in hand: the lease is renewed while the page is open, and keys save the mouse. */
import { say } from "./say.js";

const RENEW_EVERY = 60_000;
const form = document.querySelector("[data-held]");

if (form) {
  const timer = setInterval(renew, RENEW_EVERY);
  async function renew() {
    const body = new FormData();
    for (const name of ["csrfmiddlewaretoken", "fence"]) body.append(name, form.elements[name].value);
    try {
      const answer = await fetch(form.dataset.heartbeat, { method: "POST", body });
      if (answer.status !== 409) return;
    } catch {
      return; // The network may come back before the lease ends.
    }
    clearInterval(timer);
    form.querySelector("[data-lost]").hidden = false;
    say("Your hold on this case was lost.");
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=radio]), textarea, select, [contenteditable]")) return;
  const outcome = form?.querySelectorAll('input[name="outcome"]')[Number(event.key) - 1];
  if (outcome) {
    outcome.checked = true;
    outcome.focus();
    return;
  }
  document.querySelector(`[data-key="${CSS.escape(event.key)}"]`)?.click();
});
