/* Small courtesies of forms: the first error gets the focus, and nothing is sent twice. */
const summary = document.querySelector("[data-form-errors]");
(summary ?? document.querySelector('[aria-invalid="true"]'))?.focus();

/* A text that comes near its end says how much room is left, and what was pasted says that it was cut:
   the browser cuts it without a word. */
const NEAR = 0.9;

function room(field, sentence) {
  let line = field.nextElementSibling;
  if (!line?.matches("[data-room]")) {
    if (!sentence) return;
    line = document.createElement("p");
    line.className = "help";
    line.dataset.room = "";
    line.setAttribute("role", "status");
    field.after(line);
  }
  line.textContent = sentence;
  line.hidden = !sentence;
}

document.addEventListener("input", (event) => {
  const field = event.target;
  if (field.localName !== "textarea" || field.maxLength < 0) return;
  const left = field.maxLength - field.value.length;
  const isNear = field.value.length >= NEAR * field.maxLength;
  const said = ngettext("%(n)s character is left.", "%(n)s characters are left.", left);
  if (field.dataset.cut) delete field.dataset.cut;
  else room(field, isNear ? interpolate(said, { n: left }, true) : "");
});

document.addEventListener("paste", (event) => {
  const field = event.target;
  if (field.localName !== "textarea" || field.maxLength < 0) return;
  const pasted = event.clipboardData?.getData("text").replaceAll("\r\n", "\n").length ?? 0;
  const free = field.maxLength - field.value.length + (field.selectionEnd - field.selectionStart);
  if (pasted <= free) return;
  field.dataset.cut = "yes";
  const said = gettext("The text was cut: %(most)s characters fit here.");
  room(field, interpolate(said, { most: field.maxLength }, true));
});

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
