// How the run stands, from progress.json: figures, and games that ended over time. Asked again while the page is open.
import { number } from "./elements.js";
import { drawThroughput, duration } from "./throughput.js";

const SECONDS = 10;
const root = document.getElementById("progress");

function figures({ status, cost }) {
  const list = document.createElement("dl"), rows = [
    ["planned", `${number(status.num_planned)} games`], ["committed", number(status.num_committed)],
    ["set aside", number(status.num_set_aside)], ["pending", number(status.num_pending)],
    ["pace", `${number(status.games_per_hour)} games/h`], ["time left", status.num_pending ? duration(status.seconds_left) : "done"],
  ];
  if (cost) rows.push(["slot-hours", number(cost.slot_hours, 1)], ["cost, about", `${number(cost.dollars, 2)} USD`], ["storage a month", `${number(cost.dollars_a_month, 2)} USD`]);
  list.className = "figures";
  for (const [name, value] of rows) {
    const box = document.createElement("div"), term = document.createElement("dt"), told = document.createElement("dd");
    term.textContent = name; told.textContent = value; box.append(term, told); list.append(box);
  }
  return list;
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
    if (JSON.stringify(found.throughput) !== drawn) drawThroughput(bars, found.throughput); // or an opened table would close
    drawn = JSON.stringify(found.throughput);
    if (root.dataset.live === "1" && found.status.num_pending) setTimeout(show, SECONDS * 1000);
  } catch (error) { root.textContent = `The run's figures cannot be read: ${error.message ?? error}`; }
}
show();
