/* A form with data-filter narrows the rows of its table as one types. Without a script its button does. */
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("[data-filter]");
  const table = form && document.getElementById(form.dataset.filter);
  if (!table) return;
  const word = event.target.value.trim().toLowerCase();
  for (const row of table.tBodies[0].rows) row.hidden = !row.textContent.toLowerCase().includes(word);
});
document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("[data-filter]");
  if (!form || new URLSearchParams(location.search).has("metadata")) return; // the page has not all the rows
  event.preventDefault();
});
