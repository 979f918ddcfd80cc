/*
 * Dialogs open by `commandfor` and `command="show-modal"`, which newer browsers do by themselves.
 * This fills the gap for the others, and lets a click beside the dialog close it.
 */
const native = "command" in HTMLButtonElement.prototype;

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[commandfor]");
  if (button && !native) {
    const dialog = document.getElementById(button.getAttribute("commandfor"));
    if (button.getAttribute("command") === "show-modal") dialog?.showModal();
    if (button.getAttribute("command") === "close") dialog?.close();
  }
  if (event.target.matches?.("dialog.dialog[open]")) {
    const box = event.target.getBoundingClientRect();
    const inside =
      event.clientX >= box.left &&
      event.clientX <= box.right &&
      event.clientY >= box.top &&
      event.clientY <= box.bottom;
    // A "click" made with the keyboard has no place and is never outside.
    if (!inside && event.detail > 0) event.target.close();
  }
});
