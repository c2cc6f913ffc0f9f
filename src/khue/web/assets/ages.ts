// Keeps "4 phút trước" true while a page stays open, and the clock in the bar.
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

function age(seconds: number, words: Intl.RelativeTimeFormat): string {
  for (const [unit, size] of STEPS) {
    if (seconds >= size) return words.format(-Math.floor(seconds / size), unit);
  }
  return words.format(0, "second");
}

export function keepAges(): void {
  const root = document.documentElement;
  if (root.dataset["at"]) return;
  const words = new Intl.RelativeTimeFormat(root.lang, { numeric: "always" });
  const skew = Date.now() - Date.parse(root.dataset["now"] ?? new Date().toISOString());
  const tick = (): void => {
    const now = Date.now() - skew;
    for (const time of document.querySelectorAll<HTMLTimeElement>("time[data-age]")) {
      time.textContent = age(Math.max(0, (now - Date.parse(time.dateTime)) / 1000), words);
    }
  };
  window.setInterval(tick, 15000);
}
