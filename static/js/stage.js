/* The picture as an instrument: zoom and pan, boxes and map in step with the film, steps, speed.
   The player may come later than the page, so everything is listened to from above. */
import { neighbour, turn } from "./loop.js";

const CLOSE = 0.25; // seconds between a frame and the nearest look at a face, for its box to be drawn
const MAP_NEAR = 0.5; // seconds round the moment of which a map speaks
const MOST = 8;
const SVG = "http://www.w3.org/2000/svg";

const film = () => document.getElementById("player");
const part = (name) => document.querySelector(`.bench-stage [data-${name}]`);

/* --- zoom and pan --------------------------------------------------------------------------------- */
let view = { scale: 1, x: 0, y: 0 };

function place() {
  const screen = part("screen");
  const layer = part("layer");
  if (!screen || !layer) return;
  const { clientWidth: width, clientHeight: height } = screen;
  const within = (at, room) => (view.scale < 1 ? room / 2 : Math.min(0, Math.max(at, room)));
  view.x = within(view.x, width * (1 - view.scale));
  view.y = within(view.y, height * (1 - view.scale));
  layer.style.transform = view.scale === 1 ? "" : `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
  screen.toggleAttribute("data-zoomed", view.scale > 1);
}

function zoom(factor, at) {
  const box = part("screen").getBoundingClientRect();
  const point = at ? { x: at.clientX - box.left, y: at.clientY - box.top } : { x: box.width / 2, y: box.height / 2 };
  const scale = Math.min(MOST, Math.max(1, view.scale * factor));
  const ratio = scale / view.scale;
  view = { scale, x: point.x - (point.x - view.x) * ratio, y: point.y - (point.y - view.y) * ratio };
  place();
}

function fit() {
  view = { scale: 1, x: 0, y: 0 };
  place();
}

/* One pixel of the copy is one pixel of the screen: a small copy is drawn smaller than the screen. */
function one() {
  const media = part("layer")?.querySelector("video, img");
  const [wide, high] = [media?.videoWidth ?? media?.naturalWidth, media?.videoHeight ?? media?.naturalHeight];
  if (!wide || !high) return;
  const fitted = Math.min(media.clientWidth / wide, media.clientHeight / high);
  view = { scale: 1, x: 0, y: 0 };
  const scale = 1 / (fitted * devicePixelRatio);
  if (scale > 1) return zoom(scale);
  view.scale = scale;
  place();
}

const ZOOMS = { in: () => zoom(1.5), out: () => zoom(1 / 1.5), fit, one };

/* The wheel zooms with Ctrl, as everywhere, and without it once zoomed in; else it scrolls. */
document.addEventListener(
  "wheel",
  (event) => {
    if (!event.target.closest?.("[data-screen]") || !(event.ctrlKey || view.scale > 1)) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, event);
  },
  { passive: false },
);

const held = new Map(); // pointers that are down, by id
document.addEventListener("pointerdown", (event) => {
  if (!event.target.closest?.("[data-screen]")) return;
  held.set(event.pointerId, event);
});

/* The browser would take the picture along as a file, and the pointer with it. */
document.addEventListener("dragstart", (event) => event.target.closest?.("[data-screen]") && event.preventDefault());

document.addEventListener("pointermove", (event) => {
  const before = held.get(event.pointerId);
  if (!before) return;
  if (held.size === 2) {
    const [other] = [...held].filter(([id]) => id !== event.pointerId).map(([, pointer]) => pointer);
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
    zoom(apart(event) / apart(before), event);
  } else if (view.scale > 1) {
    view.x += event.clientX - before.clientX;
    view.y += event.clientY - before.clientY;
    place();
  }
  held.set(event.pointerId, event);
});

for (const end of ["pointerup", "pointercancel"]) {
  document.addEventListener(end, (event) => held.delete(event.pointerId));
}

/* --- boxes and map, in step ----------------------------------------------------------------------- */
let known = null;

function overlay() {
  const source = document.getElementById("overlay");
  if (!source) return null;
  if (known?.source !== source) known = { source, ...JSON.parse(source.textContent) };
  return known;
}

function draw(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text) element.textContent = text;
  return element;
}

function boxAt(track, seconds) {
  let near = null;
  for (const box of track.boxes) if (!near || Math.abs(box[0] - seconds) < Math.abs(near[0] - seconds)) near = box;
  return near && Math.abs(near[0] - seconds) <= CLOSE ? near : null;
}

function map(one) {
  const place = { x: one.left, y: one.top, width: one.width, height: one.height };
  const svg = draw("svg", { ...place, viewBox: `0 0 ${one.side} ${one.side}`, preserveAspectRatio: "none" });
  for (const { x, y, much } of one.cells) {
    svg.append(draw("rect", { class: "map-cell", x, y, width: 1, height: 1, "fill-opacity": much }));
  }
  return svg;
}

function step() {
  const paper = document.querySelector("svg[data-overlay]");
  const said = overlay();
  if (!paper || !said || !film()) return;
  const seconds = film().currentTime;
  const boxes = draw("g", { class: "boxes" });
  const size = Math.max(said.width, said.height) / 26;
  for (const track of said.tracks) {
    const found = boxAt(track, seconds);
    if (!found) continue;
    const [, left, top, right, bottom] = found;
    const place = { x: left, y: top, width: right - left, height: bottom - top };
    boxes.append(
      draw("rect", { class: "seam", ...place }),
      draw("rect", { class: `track-${(track.id % 3) + 1}`, ...place }),
      draw("text", { x: left, y: top, dx: "0.3em", dy: "1.1em", "font-size": size }, String(track.id)),
    );
  }
  const maps = draw("g", { class: "maps" });
  for (const one of said.maps) if (Math.abs(one.seconds - seconds) <= MAP_NEAR) maps.append(map(one));
  paper.replaceChildren(maps, boxes);
}

/* --- what is pressed ------------------------------------------------------------------------------ */
document.addEventListener("click", (event) => {
  const pressed = event.target.closest?.("[data-zoom], [data-step]");
  if (!pressed) return;
  if (pressed.dataset.zoom) ZOOMS[pressed.dataset.zoom]();
  else if (film()) {
    film().pause();
    film().currentTime += Number(pressed.dataset.step) / (Number(film().dataset.fps) || 25);
  }
});

document.addEventListener("change", (event) => {
  if (event.target === part("speed") && film()) film().playbackRate = Number(event.target.value);
});

const STEPS = { n: 1, p: -1 };
const ARROWS = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
document.addEventListener(
  "keydown",
  (event) => {
    const on = event.target === film() || event.target === part("screen");
    if (!on || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { "+": ZOOMS.in, "=": ZOOMS.in, "-": ZOOMS.out, 0: ZOOMS.fit }[event.key];
    if (act) act();
    else if (event.key === "l" && event.target === film()) turn();
    else if (STEPS[event.key] && event.target === film()) {
      if (!neighbour(STEPS[event.key])) return;
    } else if (ARROWS[event.key] && event.target === part("screen") && view.scale > 1) {
      view.x += ARROWS[event.key][0];
      view.y += ARROWS[event.key][1];
      place();
    } else return;
    event.preventDefault();
  },
  true,
);

/* --- the film has come ---------------------------------------------------------------------------- */
for (const news of ["timeupdate", "seeking", "seeked", "loadeddata"]) {
  document.addEventListener(news, (event) => event.target === film() && step(), true);
}

function follow(video) {
  if (!video.requestVideoFrameCallback || !video.isConnected) return;
  video.requestVideoFrameCallback(() => {
    step();
    follow(video);
  });
}

function arrived() {
  for (const hidden of document.querySelectorAll(".bench-stage :is([data-controls], [data-scripted])")) hidden.hidden = false;
  const video = film();
  if (!video || video.dataset.staged) return;
  video.dataset.staged = "yes";
  if (video.localName === "video") follow(video);
  step();
}

arrived();
document.addEventListener("htmx:afterSettle", arrived);
addEventListener("resize", place);
