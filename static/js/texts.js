/*
 * A team's saved texts: the chosen one goes where the cursor was, and `/name` becomes its text when
 * a space follows. What is filled in stands in braces.
 */
const menu = document.querySelector("[data-texts]");

if (menu) {
  const button = menu.querySelector("[data-insert]");
  const form = button.form;
  const select = form.elements.saved_text;
  const fields = [form.elements.reason, form.elements.note];
  let last = form.elements.reason;

  function filled(text) {
    const policy = form.elements.policy;
    const values = {
      file: button.dataset.file,
      policy: policy?.value ? policy.selectedOptions?.[0]?.text : "",
    };
    return text.replace(/\{(\w*)\}/g, (whole, name) => values[name] || whole);
  }

  /* Through the field's own editing, so that Ctrl+Z takes it back. */
  function put(field, from, to, text) {
    field.focus();
    field.setSelectionRange(from, to);
    const room = field.maxLength < 0 ? Infinity : field.maxLength - field.value.length + (to - from);
    const fits = filled(text).slice(0, room);
    if (!document.execCommand("insertText", false, fits)) {
      field.setRangeText(fits, from, to, "end");
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    }
  }

  for (const field of fields) {
    field.addEventListener("focus", () => { last = field; });
    field.addEventListener("input", (event) => {
      if (event.isComposing || event.data !== " ") return;
      const at = field.selectionStart;
      const typed = /(?:^|\s)\/([a-z0-9-]+) $/i.exec(field.value.slice(0, at));
      if (!typed) return;
      const name = typed[1].toLowerCase();
      const known = [...select.options].find((one) => one.dataset.name === name);
      if (known) put(field, at - typed[1].length - 2, at, `${known.dataset.text} `);
    });
  }

  button.addEventListener("click", (event) => {
    event.preventDefault();
    const { selectionStart: from, selectionEnd: to, value } = last;
    const gap = from > 0 && !/\s/.test(value[from - 1]) ? " " : "";
    put(last, from, to, gap + select.selectedOptions[0].dataset.text);
  });
}
