/* htmx requests carry the CSRF token as a header, but only to ourselves. */
const token = document.querySelector('meta[name="csrf-token"]')?.content;

document.addEventListener("htmx:configRequest", (event) => {
  const { headers, path, verb } = event.detail;
  if (!token || verb === "get") return;
  if (new URL(path, location.href).origin === location.origin) {
    headers["X-CSRFToken"] = token;
  }
});
