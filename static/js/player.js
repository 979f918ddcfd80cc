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
  film.closest(".panel").scrollIntoView({ block: "nearest" });
}

function follow(event) {
  if (!isPlayer(event)) return;
  for (const head of document.querySelectorAll("[data-timeline] .playhead")) {
    const whole = Number(head.closest("[data-timeline]").dataset.duration) || 1;
    const place = `${(100 * event.target.currentTime) / whole}%`;
    head.setAttribute("x1", place);
    head.setAttribute("x2", place);
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
});

/* A press in a lane jumps there, and a drag goes on. */
function scrub(event) {
  const lane = event.target.closest?.("[data-timeline] [data-lane]");
  if (!lane || !(event.buttons & 1)) return;
  const place = lane.getBoundingClientRect();
  const whole = Number(lane.closest("[data-timeline]").dataset.duration) || 1;
  show(((event.clientX - place.left) / place.width) * whole);
}

document.addEventListener("pointerdown", scrub);
document.addEventListener("pointermove", scrub);

/* An address may end in #t=12.5: that moment is shown. */
function fromAddress() {
  const found = /^#t=([0-9.]+)$/.exec(location.hash);
  if (found) show(Number(found[1]));
}

addEventListener("hashchange", fromAddress);

/* Controls with names, which stay in view while the film and the browser's own lie under the veil. */
const part = (name) => document.querySelector(`#film [data-${name}]`);
const soundSwitch = () => part("sound")?.querySelector("input");

function clock(seconds) {
  const tenths = Math.round((seconds || 0) * 10);
  return `${Math.floor(tenths / 600)}:${((tenths % 600) / 10).toFixed(1).padStart(4, "0")}`;
}

function renew() {
  const film = player();
  if (!film || !part("play")) return;
  const length = Number.isFinite(film.duration) ? film.duration : 0;
  const times = { now: clock(film.currentTime), length: clock(length) };
  const said = interpolate(gettext("%(now)s of %(length)s"), times, true);
  part("play").textContent = film.paused ? gettext("Play") : gettext("Pause");
  part("clock").textContent = said;
  part("position").max = length;
  part("position").value = film.currentTime;
  part("position").setAttribute("aria-valuetext", said);
  if (soundSwitch()) soundSwitch().checked = !film.muted;
}

const NEWS = ["play", "pause", "timeupdate", "seeking", "loadedmetadata", "durationchange", "volumechange"];
for (const news of NEWS) {
  document.addEventListener(news, (event) => isPlayer(event) && renew(), true);
}

document.addEventListener("click", (event) => {
  if (event.target !== part("play") || !player()) return;
  if (player().paused) player().play();
  else player().pause();
});

document.addEventListener("input", (event) => {
  if (event.target === part("position")) player().currentTime = Number(event.target.value);
});

document.addEventListener("change", (event) => {
  if (event.target === soundSwitch()) player().muted = !event.target.checked;
});

function arrived() {
  const film = player();
  if (!film || film.dataset.arrived) return;
  film.dataset.arrived = "yes";
  for (const hidden of ["sound", "controls"]) if (part(hidden)) part(hidden).hidden = false;
  renew();
  fromAddress();
}

arrived();
document.addEventListener("htmx:afterSettle", arrived);
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "film" || !player()) return;
  say(player().localName === "video" ? gettext("The video is ready to play.") : gettext("The sound is ready to play."));
});
