/* Two moments of the film side by side, or what differs between them. The first is pinned as it is
   seen now; the other follows the player. An aid to look at: a difference proves nothing. */
import { sizeOf, turnLens } from "./lens.js";
import { say } from "./say.js";

const AMPLIFIED = 4;

const film = () => document.querySelector("video#player");
const part = (name) => document.querySelector(`#film [data-${name}]`);
const isOn = () => Boolean(part("compare-panel")) && !part("compare-panel").hidden;

let pinned = null; // pixels and second of the frame that stays

function frame() {
  const [width, height] = sizeOf(film());
  const sheet = new OffscreenCanvas(width, height);
  const pen = sheet.getContext("2d", { willReadFrequently: true });
  pen.drawImage(film(), 0, 0);
  return { seconds: film().currentTime, pixels: pen.getImageData(0, 0, width, height) };
}

function clock(seconds) {
  const tenths = Math.round(seconds * 10);
  return `${Math.floor(tenths / 600)}:${((tenths % 600) / 10).toFixed(1).padStart(4, "0")}`;
}

function put(name, { pixels, seconds }, caption = "") {
  const canvas = part(name);
  [canvas.width, canvas.height] = [pixels.width, pixels.height];
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  canvas.nextElementSibling.textContent = caption || clock(seconds);
}

function difference(one, other) {
  const out = new ImageData(one.width, one.height);
  for (let n = 0; n < out.data.length; n += 1) {
    out.data[n] = n % 4 === 3 ? 255 : AMPLIFIED * Math.abs(one.data[n] - other.data[n]);
  }
  return out;
}

function renew() {
  if (!isOn() || !film()) return;
  const now = frame();
  const differs = part("compare-view").value === "difference";
  part("pinned").parentElement.hidden = differs;
  if (!differs) {
    put("present", now);
    return;
  }
  const { pixels } = pinned;
  if (pixels.width !== now.pixels.width || pixels.height !== now.pixels.height) return;
  const caption = `${part("compare-view").selectedOptions[0].textContent} ${clock(pinned.seconds)} – ${clock(now.seconds)}`;
  put("present", { pixels: difference(pixels, now.pixels), seconds: now.seconds }, caption);
}

function pin() {
  pinned = frame();
  put("pinned", pinned);
  say(part("compare").dataset.says.replace("0:00", clock(pinned.seconds)));
}

function turn(on = !isOn()) {
  if (!film() || film().readyState < 2 || on === isOn()) return;
  film().pause();
  turnLens(false);
  part("compare-panel").hidden = !on;
  part("compare").setAttribute("aria-pressed", String(on));
  if (on) pin();
  renew();
}

document.addEventListener("click", (event) => {
  const pressed = event.target.closest?.("[data-compare], [data-pin], [data-compare-end]");
  if (!pressed) return;
  if ("pin" in pressed.dataset) {
    pin();
    renew();
  } else {
    turn("compare" in pressed.dataset ? !isOn() : false);
    if (!isOn()) film()?.focus();
  }
});

document.addEventListener("change", (event) => event.target === part("compare-view") && renew());

addEventListener(
  "keydown",
  (event) => {
    const within = event.target === film() || event.target.closest?.("[data-compare-panel], [data-compare]");
    if (!within || event.ctrlKey || event.metaKey || event.altKey || event.target.localName === "select") return;
    if (event.key === "b") turn();
    else if (event.key === "Escape" && isOn()) turn(false);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

/* What is seen when a seek has ended is painted a moment later. */
for (const news of ["seeked", "timeupdate", "pause"]) {
  document.addEventListener(news, (event) => event.target === film() && renew(), true);
}
document.addEventListener(
  "seeked",
  (event) => event.target === film() && film().requestVideoFrameCallback?.(renew),
  true,
);
