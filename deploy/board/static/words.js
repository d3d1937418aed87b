// Numbers and times as a person reads them.

const UNITS = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
export const NONE = "–";
const GAP = "\u00a0"; // A number and its unit stay together.

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return NONE;
  if (seconds < 10) return `${Math.round(seconds * 10) / 10}${GAP}s`;
  let left = Math.round(seconds);
  const parts = [];
  for (const [unit, size] of UNITS) {
    parts.push([Math.floor(left / size), unit]);
    left %= size;
  }
  const first = parts.findIndex(([count]) => count > 0);
  return parts.slice(first, first + 2).filter(([count]) => count > 0).map(([count, unit]) => `${count}${GAP}${unit}`).join(GAP);
}

export function share(ratio) {
  return ratio === null || ratio === undefined ? NONE : `${(ratio * 100).toFixed(ratio === 1 ? 0 : 1)}${GAP}%`;
}

export function count(number) {
  return number === null || number === undefined ? NONE : Math.round(number).toLocaleString("en");
}

export function some(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

export function clock(at, zone) {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: zone }).format(at);
}

export function day(at, zone) {
  const date = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(at);
  const weekday = new Intl.DateTimeFormat("en", { timeZone: zone, weekday: "short" }).format(at);
  return `${weekday} ${date}`;
}

export function moment(at, zone) {
  const when = typeof at === "string" ? Date.parse(at) : at;
  const time = clock(when, zone);
  return `${day(when, zone)} ${time.endsWith(":00") ? time.slice(0, 5) : time}`;
}

export function plain(name) {
  return name.replaceAll("_", " ");
}
