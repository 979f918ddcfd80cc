/* The player and what speaks of moments: they jump in it, the playhead follows, frames step.
   The player may come later than the page, so everything is listened to from above. */
import { say } from "./say.js";

const FALLBACK_FPS = 25;

const player = () => document.getElementById("player");
const isPlayer = (event) => event.target === player();

function show(seconds) {
  const film = player();
  if (!film || !Number.isFinite(seconds)) return;
  film.pause();
  film.currentTime = Math.max(seconds, 0);
  film.scrollIntoView({ block: "nearest" });
}

function follow(event) {
  if (!isPlayer(event)) return;
  for (const head of document.querySelectorAll("[data-timeline] .playhead")) {
    head.setAttribute("x1", event.target.currentTime);
    head.setAttribute("x2", event.target.currentTime);
    head.setAttribute("visibility", "visible");
  }
}

document.addEventListener("timeupdate", follow, true);
document.addEventListener("seeking", follow, true);

document.addEventListener(
  "keydown",
  (event) => {
    if (!isPlayer(event) || (event.key !== "," && event.key !== ".")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const film = event.target;
    const frame = 1 / (Number(film.dataset.fps) || FALLBACK_FPS);
    film.pause();
    film.currentTime += event.key === "." ? frame : -frame;
  },
  true,
);

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-seek]");
  if (button) show(Number(button.dataset.seek));
  const lane = event.target.closest?.("[data-timeline] svg.lane");
  if (lane) {
    const place = lane.getBoundingClientRect();
    show(((event.clientX - place.left) / place.width) * lane.viewBox.baseVal.width);
  }
});

/* An address may end in #t=12.5: that moment is shown. */
function fromAddress() {
  const found = /^#t=([0-9.]+)$/.exec(location.hash);
  if (found) show(Number(found[1]));
}

addEventListener("hashchange", fromAddress);

/* The sound has a switch with a name beside the browser's own little one; both say the same. */
const soundSwitch = () => document.querySelector("[data-sound] input");

document.addEventListener("change", (event) => {
  if (event.target === soundSwitch()) player().muted = !event.target.checked;
});

document.addEventListener(
  "volumechange",
  (event) => {
    if (isPlayer(event) && soundSwitch()) soundSwitch().checked = !event.target.muted;
  },
  true,
);

function arrived() {
  const sound = document.querySelector("[data-sound]");
  if (sound?.hidden === false || !player()) return;
  if (sound) sound.hidden = false;
  fromAddress();
}

arrived();
document.addEventListener("htmx:afterSettle", arrived);
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "film" || !player()) return;
  say(player().localName === "video" ? "The film can be played now." : "The sound can be played now.");
});
