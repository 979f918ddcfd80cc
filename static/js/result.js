/* The result takes the place of its progress: nobody loses their place, and it is said aloud. */
import { say } from "./say.js";

let kept = null;
let seen = null;

const words = (element) => element.textContent.trim().replace(/\s+/g, " ");

/* The same thing in the fresh part: elements are new, but what they say is not. */
function again({ tag, said, address }) {
  const alike = [...document.querySelectorAll(`main ${tag}`)];
  return alike.find((other) => words(other) === said && other.getAttribute("href") === address);
}

const described = (element) => ({
  tag: element.tagName,
  said: words(element),
  address: element.getAttribute("href"),
});

/* What somebody who has scrolled down is reading: the first thing that begins on the screen. */
function reading() {
  if (window.scrollY === 0) return null;
  const things = document.querySelectorAll("main :is(h1, h2, h3, p, li, dt, summary)");
  // What is only printed has no place on the screen, and says that it lies at its top.
  const shown = [...things].filter((thing) => thing.getClientRects().length > 0);
  const first = shown.find((thing) => thing.getBoundingClientRect().top >= 0);
  return first && { ...described(first), top: first.getBoundingClientRect().top };
}

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id !== "work") return;
  const fresh = event.detail.xhr.responseText;
  if (fresh === seen) event.detail.shouldSwap = false; // nothing has changed: nothing is touched
  seen = fresh;
  const focused = document.activeElement;
  kept = { focus: focused?.closest("main") ? described(focused) : null, focused, place: reading() };
});

function keepPlace() {
  const same = kept?.place && again(kept.place);
  if (!same) return;
  const moved = same.getBoundingClientRect().top - kept.place.top;
  window.scrollBy({ top: moved, behavior: "instant" });
}

document.addEventListener("htmx:afterSwap", keepPlace);

/* Only now is everything in the fresh part ready: copy buttons, for one, were hidden before. */
document.addEventListener("htmx:afterSettle", () => {
  if (!kept) return;
  keepPlace(); // buttons that were hidden take room
  const { focus, focused } = kept;
  kept = null;
  const work = document.getElementById("work");
  if (focus && !focused.isConnected) refocus(again(focus) ?? work.querySelector("h2"));
  if (work.dataset.announce) say(work.dataset.announce);
});

function refocus(element) {
  if (!element) return;
  if (element.tabIndex < 0) element.tabIndex = -1;
  element.focus({ preventScroll: true });
}
