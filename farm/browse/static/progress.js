// How the run stands, from progress.json: figures, and games that ended over time. Asked again while the page is open.
import { dollarsText, element, hoursText, number } from "./elements.js";
import { failureTable } from "./failures.js";
import { drawThroughput, duration } from "./throughput.js";

const SECONDS = 10;
const root = document.getElementById("progress");

function figures({ status, cost }) {
  const list = document.createElement("dl"), rows = [
    ["planned", `${number(status.num_planned)} games`], ["committed", number(status.num_committed)],
    ["set aside", number(status.num_set_aside)], ["pending", number(status.num_pending)],
    ["pace", `${number(status.games_per_hour)} games/h`], ["time left", status.num_pending ? duration(status.seconds_left) : "done"],
  ];
  if (cost) rows.push(["slot time", hoursText(cost.slot_hours)], ["cost, about", dollarsText(cost.dollars)], ["storage a month", dollarsText(cost.dollars_a_month)]);
  list.className = "figures";
  for (const [name, value] of rows) {
    const box = document.createElement("div"), term = document.createElement("dt"), told = document.createElement("dd");
    term.textContent = name; told.textContent = value; box.append(term, told); list.append(box);
  }
  return list;
}

// What was set aside stays readable when the run, and its notes with it, is gone.
function showSetAside({ num_set_aside: total, newest_set_aside: newest }) {
  const target = document.getElementById("set-aside");
  if (!target || target.contains(document.activeElement)) return; // who scrolls in it goes on
  if (!total) { target.replaceChildren(); return; }
  const few = newest.length < total ? `, the newest ${number(newest.length)} of ${number(total)}` : `, ${number(total)}`;
  target.replaceChildren(element("h2", `Set aside so far${few}`), failureTable("Games set aside, newest first", newest.map(({ reason, ...each }) => ({ ...each, failure: reason }))));
}

const bars = document.createElement("div");
let drawn = "";
async function show() {
  try {
    const answer = await fetch(root.dataset.from), found = await answer.json();
    if (!answer.ok) throw new Error(found.error);
    const heading = document.createElement("h2");
    heading.textContent = root.dataset.heading ?? "The run";
    root.replaceChildren(heading, figures(found), bars);
    showSetAside(found.status);
    if (JSON.stringify(found.throughput) !== drawn) drawThroughput(bars, found.throughput); // or an opened table would close
    drawn = JSON.stringify(found.throughput);
    if (root.dataset.live === "1" && found.status.num_pending) setTimeout(show, SECONDS * 1000);
  } catch (error) { root.textContent = `The run's figures cannot be read: ${error.message ?? error}`; }
}
show();
