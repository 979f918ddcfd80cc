/* A magnifier over the picture or the film: it follows the pointer and the arrow keys, 2 to 8 times.
   It shows the pixels of the copy that the page has, and proves nothing. */
import { say } from "./say.js";

const [LEAST, MOST, FIRST, STEP] = [2, 8, 3, 12];
const SIZE = 200;

const part = (name) => document.querySelector(`.bench-stage [data-${name}]`);
const screen = () => part("screen");
const shown = () => screen()?.querySelector("video, img");
const isOn = () => Boolean(part("lens")) && !part("lens").hidden;

let factor = FIRST;
let at = null; // in pixels of the screen

/* Where the picture itself lies in the window: bars beside it are no part of it. */
export function placeOf(media) {
  const box = media.getBoundingClientRect();
  const [wide, tall] = sizeOf(media);
  const scale = Math.min(box.width / wide, box.height / tall) || 1;
  const [width, height] = [wide * scale, tall * scale];
  return { left: box.left + (box.width - width) / 2, top: box.top + (box.height - height) / 2, width, height, scale };
}

export const sizeOf = (media) => [media.videoWidth || media.naturalWidth || 1, media.videoHeight || media.naturalHeight || 1];

function draw() {
  const [lens, media] = [part("lens"), shown()];
  if (!isOn() || !media || !at) return;
  const box = screen().getBoundingClientRect();
  at = { x: Math.min(Math.max(at.x, 0), box.width), y: Math.min(Math.max(at.y, 0), box.height) };
  lens.style.left = `${at.x - SIZE / 2}px`;
  lens.style.top = `${at.y - SIZE / 2}px`;
  const place = placeOf(media);
  const middle = { x: (box.left + at.x - place.left) / place.scale, y: (box.top + at.y - place.top) / place.scale };
  const side = SIZE / (place.scale * factor);
  const pen = lens.getContext("2d");
  pen.imageSmoothingEnabled = false;
  pen.fillStyle = "#0c0b0a";
  pen.fillRect(0, 0, SIZE, SIZE);
  pen.drawImage(media, middle.x - side / 2, middle.y - side / 2, side, side, 0, 0, SIZE, SIZE);
}

function keepDrawing() {
  if (!isOn()) return;
  draw();
  requestAnimationFrame(keepDrawing);
}

export function turnLens(on = !isOn()) {
  const [lens, button, strength] = [part("lens"), part("magnify"), part("magnification")];
  if (!lens || on === isOn()) return;
  lens.hidden = !on;
  button.setAttribute("aria-pressed", String(on));
  strength.hidden = !on;
  if (!on) return;
  const media = shown();
  media.pause?.();
  lens.width = lens.height = SIZE;
  const box = screen().getBoundingClientRect();
  at ??= { x: box.width / 2, y: box.height / 2 };
  magnify(factor);
  keepDrawing();
}

function magnify(wanted) {
  factor = Math.min(Math.max(wanted, LEAST), MOST);
  part("magnification").querySelector("input").value = factor;
  part("magnification").querySelector("output").value = `${factor}×`;
  say(part("magnify").dataset.says.replace("0", factor));
}

document.addEventListener("pointermove", (event) => {
  if (!isOn() || !event.target.closest?.("[data-screen]")) return;
  const box = screen().getBoundingClientRect();
  at = { x: event.clientX - box.left, y: event.clientY - box.top };
});

document.addEventListener("click", (event) => event.target.closest?.("[data-magnify]") && turnLens());
document.addEventListener("input", (event) => {
  if (event.target.closest?.("[data-magnification]")) magnify(Number(event.target.value));
});

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
addEventListener(
  "keydown",
  (event) => {
    const listening = [shown(), screen(), part("magnify")].includes(event.target);
    if (!listening || event.ctrlKey || event.metaKey || event.altKey) return;
    const way = WAYS[event.key];
    if (event.key === "m") turnLens();
    else if (!isOn()) return;
    else if (way) at = { x: at.x + way[0] * STEP, y: at.y + way[1] * STEP };
    else if (event.key === "+" || event.key === "=") magnify(factor + 1);
    else if (event.key === "-") magnify(factor - 1);
    else if (event.key === "Escape") turnLens(false);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation(); // the same keys zoom and move the picture
  },
  true,
);
