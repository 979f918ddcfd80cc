/*
 * `@` in a team note opens a list of the people who can be mentioned: arrow keys choose, Enter or Tab
 * inserts the name, Escape closes. Ctrl+Enter sends the note. Without script the name is typed.
 */
import { say } from "./say.js";

const MOST = 8;
const field = document.querySelector("[data-mentions]");
const source = field && document.getElementById(field.dataset.mentions);

if (source) {
  const people = [...source.children].map(({ dataset }) => ({ ...dataset }));
  const shared = (name) => people.filter((one) => one.name === name).length > 1;
  const list = document.createElement("ul");
  Object.assign(list, { id: "mention-list", className: "mention-list", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", gettext("People of the team"));
  field.after(list);
  for (const [name, value] of [["autocomplete", "list"], ["haspopup", "listbox"], ["controls", list.id]]) {
    field.setAttribute(`aria-${name}`, value);
  }
  let at = -1; // where the name begins
  let chosen = 0;

  function begun() {
    const before = field.value.slice(0, field.selectionStart);
    const found = /(?:^|[^\w])@([^@\n]{0,40})$/.exec(before);
    return found ? { at: before.length - found[1].length, typed: found[1].toLowerCase() } : null;
  }

  const fits = (person, typed) =>
    [person.name, person.address, ...person.name.split(" ")].some((one) => one.toLowerCase().startsWith(typed));

  function close() {
    list.hidden = true;
    field.removeAttribute("aria-activedescendant");
  }

  function choose(place) {
    const options = [...list.children];
    chosen = (place + options.length) % options.length;
    options.forEach((one, n) => one.setAttribute("aria-selected", String(n === chosen)));
    field.setAttribute("aria-activedescendant", options[chosen].id);
    options[chosen].scrollIntoView({ block: "nearest" });
  }

  function open() {
    const now = begun();
    const found = now ? people.filter((one) => fits(one, now.typed)).slice(0, MOST) : [];
    if (!found.length) return close();
    at = now.at;
    const was = list.hidden;
    list.replaceChildren(...found.map((person, n) => {
      const option = document.createElement("li");
      Object.assign(option, { id: `mention-${n}`, textContent: person.name });
      option.setAttribute("role", "option");
      option.dataset.insert = shared(person.name) ? person.address : person.name;
      if (shared(person.name)) option.textContent += ` (${person.address})`;
      return option;
    }));
    list.hidden = false;
    choose(0);
    if (was) say(gettext("Arrow keys choose whom to mention, Enter inserts the name."));
  }

  /* Through the field's own editing, so that Ctrl+Z takes it back. */
  function insert(option) {
    const name = `${option.dataset.insert} `;
    field.focus();
    field.setSelectionRange(at, field.selectionStart);
    if (!document.execCommand("insertText", false, name)) field.setRangeText(name, at, field.selectionEnd, "end");
    close();
  }

  field.addEventListener("input", (event) => !event.isComposing && open());
  field.addEventListener("blur", close);
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // the field keeps the focus
    const option = event.target.closest("[role=option]");
    if (option) insert(option);
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      field.form.requestSubmit();
      return;
    }
    if (list.hidden) return;
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter" || event.key === "Tab") insert(list.children[chosen]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
