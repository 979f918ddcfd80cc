/*
 * Aids that prove nothing: another light on the media, and other views of a still, drawn by the
 * analysis. The view takes the picture's place, so that veil, zoom and boxes hold for it too.
 */
const part = (name) => document.querySelector(`.bench-stage [data-${name}]`);

function light(choice) {
  const layer = part("layer");
  if (choice) layer.dataset.lit = choice;
  else delete layer.dataset.lit;
}

function view(select) {
  const picture = part("layer").querySelector("img");
  const { url, says } = select.selectedOptions[0].dataset;
  picture.dataset.plain ??= picture.src;
  picture.src = url || picture.dataset.plain;
  part("screen").dataset.view = select.value;
  const line = part("aid-says");
  line.hidden = !url;
  line.querySelector("[data-sentence]").textContent = says ?? "";
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-light]")) light(event.target.value);
  if (event.target.matches("[data-aid]")) view(event.target);
});
