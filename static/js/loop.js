/* A stretch of the film or the sound, again and again: chosen by hand, or one that a check names. The
   player may come later than the page, so everything is listened to from above. */
const SVG = "http://www.w3.org/2000/svg";
const film = () => document.getElementById("player");
const stretches = () => [...document.querySelectorAll("[data-listen] [data-stretch]")];

let loop = null;

function tell() {
  const button = document.querySelector(".bench-stage [data-loop]");
  if (button) {
    button.textContent = button.dataset[!loop ? "start" : loop.end === null ? "end" : "stop"];
    button.setAttribute("aria-pressed", String(loop !== null));
  }
  for (const one of document.querySelectorAll("[data-stretch]")) {
    one.setAttribute("aria-pressed", String(Boolean(loop) && is(one, loop)));
  }
  for (const lane of document.querySelectorAll("[data-timeline] [data-lane]")) mark(lane);
}

const is = (button, { start, end }) => Number(button.dataset.stretch) === start && Number(button.dataset.until) === end;

/* Above what is drawn in the lane, under the playhead. */
function mark(lane) {
  lane.querySelector(".loop")?.remove();
  if (!loop) return;
  const whole = Number(lane.closest("[data-timeline]").dataset.duration) || 1;
  const share = (value) => `${(100 * value) / whole}%`;
  const rect = document.createElementNS(SVG, "rect");
  const width = Math.max((loop.end ?? loop.start) - loop.start, whole / 400);
  const place = { class: "loop", x: share(loop.start), width: share(width), y: 0, height: "100%" };
  for (const [key, value] of Object.entries(place)) rect.setAttribute(key, value);
  lane.querySelector(".playhead").before(rect);
}

export function turn() {
  const now = film().currentTime;
  if (!loop) loop = { start: now, end: null };
  else if (loop.end === null && now > loop.start) loop.end = now;
  else loop = null;
  tell();
  if (loop?.end) begin();
}

function begin() {
  film().currentTime = loop.start;
  film().play();
}

function back() {
  if (loop?.end && film() && film().currentTime >= loop.end) film().currentTime = loop.start;
}

/* Times are told four times a second, too late for a short stretch: while it plays, every frame looks. */
let watching = false;

function watch() {
  if (watching) return;
  watching = true;
  const look = () => {
    back();
    watching = Boolean(loop?.end && film() && !film().paused);
    if (watching) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

document.addEventListener("timeupdate", (event) => event.target === film() && back(), true);
document.addEventListener("play", (event) => event.target === film() && watch(), true);

/* Who asks to listen hears it: the sound is switched on by that. Pressed again, the loop ends. */
function listen(button) {
  if (!film()) return;
  const asked = { start: Number(button.dataset.stretch), end: Number(button.dataset.until) };
  if (loop && is(button, loop)) {
    loop = null;
    film().pause();
    tell();
    return;
  }
  loop = asked;
  if (button.closest("[data-listen]")) film().muted = false;
  tell();
  begin();
}

export function neighbour(step) {
  const all = stretches();
  if (!all.length) return false;
  const at = loop ? all.findIndex((one) => is(one, loop)) : -1;
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : (at + step + all.length) % all.length;
  if (next !== at) listen(all[next]);
  return true;
}

document.addEventListener("click", (event) => {
  const pressed = event.target.closest?.("[data-loop], [data-stretch]");
  if (!pressed || !film()) return;
  if ("loop" in pressed.dataset) turn();
  else listen(pressed);
});

/* A timeline that came later than the loop shows it too. */
document.addEventListener("htmx:afterSettle", tell);
