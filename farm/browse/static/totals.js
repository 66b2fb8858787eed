// A bar chart beside each table of totals, of the table's own numbers.
import { chart } from "./charts.js";

for (const table of document.querySelectorAll("table[data-chart]")) {
  const rows = [...table.tBodies[0].rows], names = rows.map((row) => row.cells[0].textContent), games = rows.map((row) => Number(row.cells[1].textContent.replaceAll(",", "")));
  const target = document.createElement("div");
  table.after(target);
  chart(target, { caption: `Games by ${table.dataset.chart}`, xLabel: table.dataset.chart, yLabel: "games", x: names.map((_, k) => k), names: names.map((name) => name.replaceAll("_", " ")), isBars: true, isCount: true, height: 210, hasTable: true, series: [{ label: "games", values: games }] });
}
