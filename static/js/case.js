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
