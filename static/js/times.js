/* Times are written in UTC by the server; where there is script, they also show the local time. */
const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([title])")) {
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.valueOf())) time.title = interpolate(gettext("%(time)s your time"), { time: local.format(moment) }, true);
  }
}

localise(document);
document.addEventListener("renewed", () => localise(document));
document.addEventListener("htmx:load", (event) => localise(event.detail.elt.parentElement ?? document));
