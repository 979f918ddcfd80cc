/*
 * Light or dark by the person's own choice. A classic script in the head, not a module, so that
 * the choice is there before the first paint. Without a choice the system decides.
 */
(() => {
  const KEY = "touchstone.theme";
  const root = document.documentElement;

  const stored = () => {
    try {
      return localStorage.getItem(KEY) ?? "system";
    } catch {
      return "system"; // storage may be forbidden; the page works all the same
    }
  };

  const show = (theme) => {
    if (theme === "light" || theme === "dark") {
      root.dataset.theme = theme;
    } else {
      delete root.dataset.theme;
    }
  };

  show(stored());
  root.classList.add("has-script");

  document.addEventListener("DOMContentLoaded", () => {
    const form = document.querySelector("[data-theme-choice]");
    if (!form) return;
    for (const choice of form.querySelectorAll("input")) {
      choice.checked = choice.value === stored();
      choice.addEventListener("change", () => {
        try {
          localStorage.setItem(KEY, choice.value);
        } catch {
          // shown for this page only
        }
        show(choice.value);
      });
    }
    form.hidden = false;
  });
})();
