/* When a request in the background fails, say what happened, what was kept, and what to do. */
import { say } from "./say.js";

const toast = document.getElementById("toast");
const template = document.getElementById("toast-template");

function show(sentence) {
  if (!toast || !template) return;
  const alert = template.content.cloneNode(true);
  alert.querySelector("[data-sentence]").textContent = sentence;
  toast.replaceChildren(alert);
  say(sentence);
}

const clear = () => toast?.replaceChildren();

function sentenceFor(status) {
  if (status === 401 || status === 403) {
    return gettext("You are signed out, or cannot do this. Nothing was changed. Reload the page to sign in again.");
  }
  if (status === 404) return gettext("This no longer exists. Reload the page.");
  if (status === 409 || status === 412) {
    return gettext("Somebody else was faster. Nothing was saved. Reload the page to see the new state.");
  }
  if (status === 429) return gettext("Too many requests. Wait a moment, then try again.");
  return gettext("The server could not do this. Nothing was changed. Try again in a moment.");
}

document.addEventListener("htmx:responseError", (event) => show(sentenceFor(event.detail.xhr.status)));
document.addEventListener("htmx:sendError", () =>
  show(gettext("The server cannot be reached. What you wrote is still on this page. Try again when the connection is back.")),
);
document.addEventListener("htmx:afterRequest", (event) => event.detail.successful && clear());
toast?.addEventListener("click", (event) => event.target.closest("[data-close]") && clear());
