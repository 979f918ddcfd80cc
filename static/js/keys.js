/*
 * Every keyboard shortcut of the product, and the one promise about them: a key that acts does not
 * type. An element with data-key="s" is clicked when "s" is pressed outside of text.
 *
 * A shortcut may move the focus into a field or change the page while its key is still down. So a
 * key types only where it was pressed: what it types or repeats elsewhere is dropped. A classic
 * script in the head, not a module, so that this holds before the page is whole.
 */
(() => {
  const NO_TEXT = new Set(["button", "checkbox", "image", "radio", "range", "reset", "submit"]);
  const pressed = new Map(); // by key code: the element that had the focus when it went down
  let lastDown = null;

  const targetOf = (event) => event.composedPath()[0] ?? event.target;

  /* Only what is known to take no text. A frame, a shadow host or an editor is not known. */
  function takesNoText(element) {
    if (!(element instanceof Element)) return true;
    if (element.isContentEditable || element.closest('[role="textbox"], [role="searchbox"], [role="combobox"]')) {
      return false;
    }
    if (element === document.body || element === document.documentElement) return true;
    if (element.localName === "input") return NO_TEXT.has(element.type);
    return element.matches("a[href], area[href], button, summary, audio, video, dialog, [tabindex]");
  }

  const isComposing = (event) => event.isComposing || event.keyCode === 229;

  addEventListener(
    "keydown",
    (event) => {
      const target = targetOf(event);
      if (!event.repeat) {
        pressed.set(event.code, target);
      } else if (pressed.get(event.code) !== target && types(event) && !takesNoText(target)) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
      lastDown = target;
    },
    true,
  );
  addEventListener(
    "keyup",
    (event) => {
      pressed.delete(event.code);
      if (event.code === holding?.code) release();
    },
    true,
  );
  addEventListener(
    "blur",
    (event) => {
      if (event.target !== window) return;
      pressed.clear();
      release();
    },
    true,
  );

  const types = (event) => event.key.length === 1 || event.key === "Enter" || event.key === "Backspace";

  addEventListener(
    "keypress",
    (event) => {
      if (targetOf(event) !== lastDown) event.preventDefault();
    },
    true,
  );

  /* A control with data-hold-key hears "hold" when the key goes down, and "letgo" when it comes up or
   * the window is left. */
  let holding = null;

  function hold(event, within) {
    const control = within.querySelector(`[data-hold-key="${CSS.escape(event.key)}"]`);
    if (!control?.checkVisibility()) return;
    holding = { code: event.code, control };
    control.dispatchEvent(new CustomEvent("hold", { bubbles: true }));
  }

  function release() {
    holding?.control.dispatchEvent(new CustomEvent("letgo", { bubbles: true }));
    holding = null;
  }

  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.repeat || isComposing(event)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.getModifierState("AltGraph")) return;
    if (event.key.length !== 1 || !takesNoText(targetOf(event))) return;
    const open = document.querySelector("dialog:modal");
    hold(event, open ?? document);
    const control = (open ?? document).querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!control || control.disabled || !control.checkVisibility()) return;
    event.preventDefault();
    control.click();
    if (control.localName === "input") control.focus();
  });
})();
