/* The veil is lifted while a key or a press is held, and falls when it is let go. That it was lifted is
   reported to the server once: the media counts among what this person viewed. */
const token = document.querySelector('meta[name="csrf-token"]')?.content;
let reported = false;

function report() {
  const url = document.querySelector("[data-unveiled]")?.dataset.unveiled;
  if (reported || !url || !document.querySelector(":is(.veil--blur, .veil--grey)")) return;
  reported = true;
  fetch(url, { method: "POST", keepalive: true, headers: { "X-CSRFToken": token } }).then(
    (answer) => (reported = answer.ok),
    () => (reported = false),
  );
}

function look(on) {
  for (const veil of document.querySelectorAll(".veil")) veil.toggleAttribute("data-looking", on);
  if (on) report();
}

const holder = (event) => event.target.closest?.("[data-veil-hold]");

document.addEventListener("hold", (event) => holder(event) && look(true));
document.addEventListener("letgo", () => look(false));

document.addEventListener("pointerdown", (event) => {
  if (holder(event) && event.button === 0) look(true);
});
for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => look(false));
addEventListener("blur", () => look(false));
document.addEventListener("visibilitychange", () => look(false));
document.addEventListener("contextmenu", (event) => holder(event) && event.preventDefault());

/* The button, when it has the focus: as long as the key is down. */
document.addEventListener("keydown", (event) => {
  if (holder(event) && (event.key === " " || event.key === "Enter") && !event.repeat) look(true);
});
document.addEventListener("keyup", (event) => holder(event) && look(false));

document.addEventListener("change", (event) => event.target.closest?.(".veil-switch") && event.target.checked && report());

/* Media may come later than the page. */
function arrived() {
  for (const hidden of document.querySelectorAll("[data-veil-hold]")) hidden.hidden = false;
}

arrived();
document.addEventListener("htmx:afterSettle", arrived);
