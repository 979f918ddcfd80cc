/* Times are written in UTC by the server; where there is script, they also show the local time. An
   age (`data-age`) has its exact time in UTC as title, and gets the local one before it. */
const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([title]), time[data-age]:not([data-local])")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    const mine = interpolate(gettext("%(time)s your time"), { time: local.format(moment) }, true);
    time.title = "age" in time.dataset && time.title ? `${mine} (${time.title})` : mine;
    if ("age" in time.dataset) time.dataset.local = "";
  }
}

localise(document);
document.addEventListener("renewed", () => localise(document));
document.addEventListener("htmx:load", (event) => localise(event.detail.elt.parentElement ?? document));
