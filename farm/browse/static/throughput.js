// Games that ended over time.
import { chart } from "./charts.js";

export function duration(seconds) {
  if (seconds === null) return "no pace to tell by";
  const hours = Math.floor(seconds / 3600), days = Math.floor(hours / 24);
  if (days) return `${days} d ${hours % 24} h`;
  return hours ? `${hours} h ${Math.floor((seconds % 3600) / 60)} min` : `${Math.ceil(seconds / 60)} min`;
}

export function drawThroughput(target, { games, interval_seconds: seconds, first_start: start }) {
  if (!games.length) { target.textContent = "No game ended yet."; return; }
  const times = games.map((_, k) => start + (k + 0.5) * seconds);
  const when = (time) => new Date((time - 0.5 * seconds) * 1000).toISOString().slice(0, 16).replace("T", " ");
  chart(target, { caption: `Games ended per ${duration(seconds)}`, xLabel: "month-day hour:minute, UTC", yLabel: "games", x: times, isBars: true, isCount: true, isTime: true, step: seconds, series: [{ label: "games", values: games }], xText: when });
}
