/* Rows by keys: j and k move, x chooses; how many are chosen, and no more than may be. */
import { say } from "./say.js";

const rows = () => [...document.querySelectorAll("#several tr[data-row]")];
let place = null; // the key of the row: a list that renews itself forgets what was put on it
const here = () => rows().findIndex((row) => row.dataset.row === place);

function mark() {
  for (const row of rows()) row.toggleAttribute("data-here", row.dataset.row === place);
}

function show() {
  mark();
  for (const part of document.querySelectorAll(".queue-tools [data-scripted]")) part.hidden = false;
  const line = document.querySelector("[data-chosen]");
  if (!line) return;
  const chosen = document.querySelectorAll('#several [name="case"]:checked').length;
  const most = Number(line.dataset.most);
  line.textContent = chosen ? `${chosen} / ${most}` : "";
  for (const box of document.querySelectorAll('#several [name="case"]:not(:checked)')) box.disabled = chosen >= most;
}

function move(by) {
  const all = rows();
  if (!all.length) return;
  const next = all[Math.min(all.length - 1, Math.max(0, here() + by))];
  place = next.dataset.row;
  mark();
  const link = next.querySelector("a");
  link.focus();
  next.scrollIntoView({ block: "nearest" });
}

document.addEventListener("click", (event) => {
  const mover = event.target.closest?.("[data-move]");
  if (mover) move(Number(mover.dataset.move));
  if (!event.target.closest?.("[data-choose]")) return;
  const box = rows()[here()]?.querySelector('[name="case"]');
  if (!box || box.disabled) return;
  box.checked = !box.checked;
  say(`${box.getAttribute("aria-label")}: ${box.checked ? "✓" : "–"}`);
  show();
});
document.addEventListener("change", (event) => event.target.name === "case" && show());
document.addEventListener("renewed", show);
show();
