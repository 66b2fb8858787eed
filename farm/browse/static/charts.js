// Charts by uPlot, each with its numbers on axes, in the page's colours by day and night, and with the same data as a table.
import { element } from "./elements.js";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const SERIES = ["--accent", "--second", "--third", "--fourth"];
const COUNTS = [1, 2, 5].flatMap((first) => [0, 1, 2, 3, 4, 5, 6, 7, 8].map((power) => first * 10 ** power)).sort((a, b) => a - b);
const HOUR = 3600, TIMES = [60, 300, 900, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, ...[1, 2, 7, 14, 28, 84, 364].map((days) => days * 24 * HOUR)]; // no label says less than a minute, so no two are alike
const night = matchMedia("(prefers-color-scheme: dark)");
const number = (value) => (value === null || value === undefined ? "" : Number(value).toLocaleString("en", { maximumFractionDigits: Math.abs(value) < 10 ? 3 : 1 }));

/** The data of a chart as a table, behind a summary that opens it. */
function twin(caption, heads, rows) {
  const box = element("details"), scroll = element("div", undefined, { class: "scroll", tabindex: "0", role: "region", "aria-label": `Table: ${caption}` });
  const table = element("table"), head = element("thead"), body = element("tbody"), line = element("tr");
  heads.forEach((text, k) => line.append(element("th", text, { scope: "col", ...(k ? { class: "number" } : {}) })));
  head.append(line);
  for (const row of rows) {
    const made = element("tr");
    row.forEach((value, k) => made.append(k ? element("td", typeof value === "string" ? value : number(value), { class: "number" }) : element("th", String(value), { scope: "row" })));
    body.append(made);
  }
  table.append(head, body); scroll.append(table);
  box.append(element("summary", "as a table"), scroll);
  return box;
}

/**
 * Draw a chart into `target`, in place of what is there.
 *
 * @param what {caption, xLabel, yLabel, x: numbers, names: texts in place of x's numbers, series: [{label, values,
 *   points: whether only points are drawn}], isBars, isCount: y are whole numbers, height, xText: from a number to what the table says, marks: x
 *   positions of dashed lines, yRange: [least, most], step: from bar to bar, where there may be
 *   one alone, hasTable: whether the page shows the numbers in a table of its own}
 */
export function chart(target, what) {
  const figure = element("figure", undefined, { class: "chart" }), plot = element("div", undefined, { class: "plot", role: "img", "aria-label": `${what.caption}; a table has the same numbers` });
  const xText = what.xText ?? ((value, k) => what.names?.[k] ?? number(value));
  figure.append(element("figcaption", what.caption), plot);
  if (!what.hasTable) figure.append(twin(what.caption, [what.xLabel, ...what.series.map((one) => one.label)], what.x.map((value, k) => [xText(value, k), ...what.series.map((one) => one.values[k])])));
  target.replaceChildren(figure);
  let drawn = null;
  const draw = () => {
    drawn?.destroy();
    if (!plot.isConnected) { night.removeEventListener("change", draw); return; }
    drawn = new uPlot(options(what, Math.max(200, plot.clientWidth)), [what.x, ...what.series.map((one) => one.values)], plot);
  };
  draw();
  night.addEventListener("change", draw);
  new ResizeObserver(() => { if (drawn && plot.clientWidth >= 200 && plot.clientWidth !== drawn.width) drawn.setSize({ width: plot.clientWidth, height: drawn.height }); }).observe(plot);
  return figure;
}

function options(what, width) {
  const ink = colour("--soft"), line = colour("--line"), axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif", labelSize: 18, size: 46 };
  const most = what.x.length - 1, x = { ...axis, label: what.xLabel, size: what.names ? 84 : 34 };
  if (what.names) Object.assign(x, { rotate: -40, space: 20, splits: () => what.x, values: (_, splits) => splits.map((at) => what.names[Math.round(at)] ?? "") });
  if (what.isTime) Object.assign(x, { space: 110, incrs: TIMES, values: (_, splits) => splits.map((at) => new Date(at * 1000).toISOString().slice(5, 16).replace("T", " ")) });
  const step = what.step ?? (most > 0 ? what.x[1] - what.x[0] : 1), isTime = Boolean(what.isTime);
  const scales = { x: { time: isTime } };
  if (what.isBars && most >= 0) scales.x.range = () => [what.x[0] - step * 0.6, what.x[most] + step * 0.6];
  if (what.yRange) scales.y = { range: () => what.yRange };
  else if (what.isBars) scales.y = { range: (_, least, top) => [Math.min(0, least ?? 0), (top ?? 0) > 0 ? top * 1.05 : 1] };
  const bars = uPlot.paths.bars({ size: [0.8, 80] });
  return {
    width, height: what.height ?? 180, scales, padding: [8, what.names ? 48 : 16, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    legend: { show: what.series.length > 1 || Boolean(what.isLive) },
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    axes: [x, { ...axis, label: what.yLabel, size: 58, ...(what.isCount ? { incrs: COUNTS } : {}) }],
    hooks: { draw: [(plot) => dashed(plot, what.marks ?? [], ink)] },
    series: [{ label: what.xLabel }, ...what.series.map((one, k) => ({
      label: one.label, stroke: colour(SERIES[k % SERIES.length]), width: 1.5, spanGaps: false,
      ...(what.isBars ? { paths: bars, fill: colour(SERIES[k % SERIES.length]), points: { show: false } } : {}),
      ...(one.points ? { paths: () => null, points: { show: true, size: 4, fill: colour(SERIES[k % SERIES.length]), width: 1 } } : {}),
    }))],
  };
}

function dashed(plot, marks, ink) {
  const { ctx: pen, bbox } = plot;
  pen.save(); pen.strokeStyle = ink; pen.lineWidth = 1; pen.setLineDash([4, 4]);
  for (const mark of marks) { const at = plot.valToPos(mark, "x", true); pen.beginPath(); pen.moveTo(at, bbox.top); pen.lineTo(at, bbox.top + bbox.height); pen.stroke(); }
  pen.restore();
}
