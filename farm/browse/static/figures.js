// The page of charts, from charts.json and progress.json.
import { chart } from "./charts.js";
import { byteUnit, element, number, size } from "./elements.js";
import { drawThroughput } from "./throughput.js";

const $ = (id) => document.getElementById(id);
const root = $("figures");

function box(parent) { const made = document.createElement("div"); $(parent).append(made); return made; }

function histogram(parent, { name, unit, edges, counts }, what) {
  const middle = counts.map((_, k) => (edges[k] + edges[k + 1]) / 2);
  const text = (value) => Number(value.toPrecision(4)).toLocaleString("en");
  chart(box(parent), { caption: what, xLabel: unit, yLabel: "games", x: middle, isBars: true, isCount: true, series: [{ label: "games", values: counts }], xText: (_, k) => `${text(edges[k])} to ${text(edges[k + 1])}` });
}

/** A table of characters by characters; colours say how many games, and each number leads to them. */
function drawMeetings(meetings, stage) {
  const games = new Map(), names = new Set();
  let sum = 0;
  for (const row of meetings) {
    if (stage && row.stage !== stage) continue;
    sum += row.games;
    for (const key of new Set([`${row.one}|${row.other}`, `${row.other}|${row.one}`])) games.set(key, (games.get(key) ?? 0) + row.games);
    names.add(row.one).add(row.other);
  }
  const sorted = [...names].sort(), most = Math.max(1, ...games.values());
  const head = element("thead"), line = element("tr"), body = element("tbody");
  line.append(element("td"), ...sorted.map((name) => element("th", name.replaceAll("_", " "), { scope: "col" })));
  head.append(line);
  for (const one of sorted) {
    const row = element("tr");
    row.append(element("th", one.replaceAll("_", " "), { scope: "row" }));
    for (const other of sorted) {
      const count = games.get(`${one}|${other}`), cell = element("td", undefined, { class: `number heat-${count ? Math.max(1, Math.ceil((6 * Math.log1p(count)) / Math.log1p(most))) : 0}` });
      if (count) {
        const asked = new URLSearchParams({ character: one, versus: other, ...(stage ? { stage } : {}) });
        cell.append(element("a", number(count), { href: `${root.dataset.games}?${asked}`, "aria-label": `${number(count)} games of ${one} against ${other}` }));
      }
      row.append(cell);
    }
    body.append(row);
  }
  $("meetings").replaceChildren(head, body);
  $("met").textContent = `${number(sum)} games of two`;
}

/** What the whole dataset would take at each CRF, and what is left to see; of the presets that were tried. */
function drawBudget({ trials, num_frames: frames, video_bytes: bytes }) {
  const like = trials.filter((one) => one.height === Math.max(...trials.map((each) => each.height)) && one.b_frames === 0 && one.gop_pictures === 30);
  const crfs = [...new Set(like.map((one) => one.crf))].sort((a, b) => a - b), presets = [...new Set(like.map((one) => one.preset))].filter((name) => crfs.every((crf) => like.some((one) => one.preset === name && one.crf === crf))).slice(0, 4);
  if (!presets.length) return;
  const [unit, unitName] = byteUnit(Math.max(...like.map((one) => one.bytes_per_frame)) * frames);
  const of = (preset, value) => crfs.map((crf) => value(like.find((one) => one.preset === preset && one.crf === crf)));
  chart(box("budget"), { caption: `Video of ${number(frames)} frames, which take ${size(bytes)} now`, xLabel: "CRF", yLabel: unitName, x: crfs, series: presets.map((preset) => ({ label: preset, values: of(preset, (one) => (one.bytes_per_frame * frames) / unit) })) });
  chart(box("budget"), { caption: "Likeness of the fighters to the uncompressed picture (SSIM; 1 is equal)", xLabel: "CRF", yLabel: "SSIM", x: crfs, series: presets.map((preset) => ({ label: preset, values: of(preset, (one) => one.ssim_fighters ?? one.ssim) })) });
}

try {
  const [found, progress] = await Promise.all([root.dataset.from, root.dataset.progress].map(async (address) => {
    const answer = await fetch(address), said = await answer.json();
    if (!answer.ok) throw new Error(said.error);
    return said;
  }));
  drawThroughput($("throughput"), progress.throughput);
  for (const each of found.histograms) histogram("histograms", each, `Games by ${each.name}`);
  for (const each of found.margins) histogram("margins", each, `Margin of ${each.name.replaceAll("_", " ")}`);
  $("stage").addEventListener("change", () => drawMeetings(found.meetings, $("stage").value));
  drawMeetings(found.meetings, $("stage").value);
  drawBudget(found);
} catch (error) { root.prepend(`The charts cannot be drawn: ${error.message ?? error}`); }
root.dataset.ready = "1";
