// Follows the log by server-sent events: new entries enter the feed, and stale panels are read again.
const KEPT = 40;
const REFRESH_AFTER_MS = 1500;

function refresh(): void {
  for (const panel of document.querySelectorAll("[data-fresh]")) {
    panel.dispatchEvent(new CustomEvent("khuecommit"));
  }
}

export function follow(): void {
  const feed = document.querySelector<HTMLElement>("[data-follow]");
  if (!feed?.dataset["follow"]) return;
  let waiting = 0;
  const show = (state: "on" | "cut"): void => {
    document.body.dataset["live"] = state;
  };
  const events = new EventSource(feed.dataset["follow"]);
  events.addEventListener("open", () => show("on"));
  events.addEventListener("error", () => show("cut"));
  events.addEventListener("commit", (event: MessageEvent<string>) => {
    const page = new DOMParser().parseFromString(event.data, "text/html");
    const entry = page.body.firstElementChild;
    if (!entry || document.getElementById(entry.id)) return;
    entry.classList.add("entry-new");
    feed.prepend(entry);
    feed.parentElement?.querySelector(".empty")?.remove();
    while (feed.children.length > KEPT) feed.lastElementChild?.remove();
    if (!waiting) {
      waiting = window.setTimeout(() => {
        waiting = 0;
        refresh();
      }, REFRESH_AFTER_MS);
    }
  });
  window.addEventListener("pagehide", () => events.close());
}
