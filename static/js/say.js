/* One polite live region for the whole page: what changed without a page load is said here. */
export function say(sentence) {
  const region = document.getElementById("live");
  if (!region) return;
  region.textContent = "";
  // The same sentence twice is announced twice only if the region was empty in between.
  requestAnimationFrame(() => (region.textContent = sentence));
}
