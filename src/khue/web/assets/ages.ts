// Keeps "4 phút trước" true while a page stays open, and the clock beside it; formats.py writes the same.
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86400],
  ["month", 30 * 86400],
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

function clock(now: number, zone: string, language: string): string {
  const month = language === "en" ? "short" : "2-digit";
  const day = language === "en" ? "numeric" : "2-digit";
  const write = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, year: "numeric", month, day, hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });
  const part = Object.fromEntries(write.formatToParts(now).map(({ type, value }) => [type, value]));
  const between = language === "en" ? " " : "/";
  return `${[part["day"], part["month"], part["year"]].join(between)} ${part["hour"]}:${part["minute"]}`;
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
    for (const time of document.querySelectorAll<HTMLTimeElement>("time[data-clock]")) {
      time.textContent = clock(now, time.dataset["clock"] ?? "UTC", root.lang);
    }
  };
  window.setInterval(tick, 5000);
}
