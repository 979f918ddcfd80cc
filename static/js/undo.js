/* How long a decision can still be undone; once it is final, its button goes. */
function tick() {
  for (const form of document.querySelectorAll("form[data-due]")) {
    const left = Math.ceil((Date.parse(form.dataset.due) - Date.now()) / 1000);
    if (left <= 0) form.remove();
    else form.querySelector("[data-left]").textContent = `${left} s`;
  }
}

tick();
setInterval(tick, 1000);
