/* Copy buttons: shown only where copying can work, and the result is said, not only shown. */
import { say } from "./say.js";

const reveal = (root) => {
  if (!navigator.clipboard) return; // not on plain http from another machine
  for (const button of root.querySelectorAll("button[data-copy][hidden]")) button.hidden = false;
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("button[data-copy]");
  if (!button) return;
  const label = button.querySelector("[data-copy-label]");
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    label.textContent = gettext("Copied");
    say(interpolate(gettext("Copied: %(name)s"), { name: button.dataset.copyName ?? "" }, true));
  } catch {
    label.textContent = gettext("Not copied");
    say(gettext("The browser did not allow copying. Select the text and copy it by hand."));
  }
  setTimeout(() => (label.textContent = gettext("Copy")), 2500);
});

reveal(document);
document.addEventListener("htmx:load", (event) => reveal(event.detail.elt.parentElement ?? document));
