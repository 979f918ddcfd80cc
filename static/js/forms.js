/* Small courtesies of forms: the first error gets the focus, and nothing is sent twice. */
const summary = document.querySelector("[data-form-errors]");
(summary ?? document.querySelector('[aria-invalid="true"]'))?.focus();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  // A download leaves the page where it is, and "back" brings it again: then it may be sent again.
  setTimeout(() => delete form.dataset.sent, 8000);
  addEventListener("pageshow", () => delete form.dataset.sent, { once: true });
});
