/*
 * Lists that renew themselves: data-renew="SECONDS" on the region, data-row="KEY" on rows that come
 * and go. The page itself is fetched again, and only what differs is changed in place, so that focus,
 * scrolling and open details stay; while text is selected, nothing is touched. Nothing is asked while
 * the page is hidden. The first failure stops it and says so. Without script, a reload shows the same.
 */
import { say } from "./say.js";

const region = () => document.querySelector("[data-renew]");
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
let timer = 0;
let paused = false;

function isSelecting(root) {
  const selection = getSelection();
  return !selection.isCollapsed && selection.rangeCount && selection.getRangeAt(0).intersectsNode(root);
}

const OWN = "[data-renewal], [data-own]"; // written by this script, or filled in by the reader
const ADDED = { TIME: ["title", "data-local"], DETAILS: ["open"] }; // by other scripts, or by the reader
const keyOf = (node) => node.dataset?.row ?? (node.id || null);

function alike(mine, fresh) {
  return mine.nodeName === fresh.nodeName && mine.nodeType === fresh.nodeType && !keyOf(mine) && !keyOf(fresh);
}

/* Makes `mine` say what `fresh` says; what is the same stays the very same element. */
function morph(mine, fresh) {
  if (mine.nodeType !== Node.ELEMENT_NODE) {
    if (mine.data !== fresh.data) mine.data = fresh.data;
    return;
  }
  if (mine.matches(OWN)) return;
  const kept = ["tabindex", ...(ADDED[mine.tagName] ?? [])];
  for (const { name } of [...mine.attributes]) {
    if (!fresh.hasAttribute(name) && !kept.includes(name)) mine.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (mine.getAttribute(name) !== value && !(mine.hasAttribute(name) && kept.includes(name))) {
      if (name === "datetime") for (const added of ADDED.TIME) mine.removeAttribute(added); // of another moment
      mine.setAttribute(name, value);
    }
  }
  morphChildren(mine, fresh);
}

function morphChildren(mine, fresh) {
  const wanted = new Set([...fresh.children].map(keyOf).filter(Boolean));
  const known = new Map();
  for (const child of [...mine.children]) {
    const key = keyOf(child);
    if (key && wanted.has(key)) known.set(key, child);
    else if (key) child.remove();
  }
  let at = mine.firstChild;
  for (const child of [...fresh.childNodes]) {
    const same = keyOf(child) ? known.get(keyOf(child)) : at && alike(at, child) && at;
    if (!same) {
      mine.insertBefore(document.importNode(child, true), at);
      continue;
    }
    if (same === at) at = at.nextSibling;
    else mine.insertBefore(same, at);
    morph(same, child);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function patch(shown, fresh) {
  const focused = shown.contains(document.activeElement) ? document.activeElement : null;
  morph(shown, fresh);
  if (!focused || focused === document.activeElement) return;
  const place = focused.isConnected ? focused : shown; // moved, or gone
  if (place === shown) shown.tabIndex = -1;
  place.focus({ preventScroll: true });
}

function tell(sentence) {
  const line = region()?.querySelector("[data-renewal]");
  if (!line) return;
  line.hidden = false;
  line.querySelector("[data-sentence]").textContent = sentence;
}

function button(label) {
  const found = region()?.querySelector("[data-renewal] button");
  if (found) found.textContent = label;
}

const every = () => Number(region().dataset.renew);

async function renew() {
  if (document.hidden || paused || !region() || isSelecting(region())) return;
  let answer;
  try {
    answer = await fetch(location.href, { headers: { "X-Renew": "yes" }, credentials: "same-origin" });
  } catch {
    return stop(gettext("The server cannot be reached."));
  }
  if (answer.redirected && new URL(answer.url).pathname !== location.pathname) return stop(gettext("You are signed out."));
  if (!answer.ok) return stop(gettext("The server could not answer."));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-renew]");
  if (!fresh) return stop(gettext("This list no longer exists."));
  if (isSelecting(region())) return;
  patch(region(), fresh);
  document.dispatchEvent(new CustomEvent("renewed"));
  tell(interpolate(gettext("Updated at %(time)s, every %(seconds)s s."), { time: clock.format(new Date()), seconds: every() }, true));
}

function start() {
  clearInterval(timer);
  paused = false;
  button(gettext("Pause"));
  timer = setInterval(renew, every() * 1000);
}

function stop(why) {
  clearInterval(timer);
  paused = true;
  const sentence = `${why} ${gettext("This list is no longer updated and may be out of date.")}`;
  tell(sentence);
  say(sentence);
  button(gettext("Retry"));
}

if (region()) {
  tell(interpolate(gettext("Updated every %(seconds)s s."), { seconds: every() }, true));
  start();
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-renewal] button")) return;
    if (paused) {
      start();
      renew();
    } else {
      clearInterval(timer);
      paused = true;
      tell(gettext("Paused. The list may be out of date."));
      button(gettext("Resume"));
    }
  });
  document.addEventListener("visibilitychange", () => document.hidden || renew());
}
