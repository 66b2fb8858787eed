// How the run stands, from progress.json: figures, and games that ended over time. Asked again while the page is open.
const SECONDS = 10;
const root = document.getElementById("progress");
const number = (value, digits = 0) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const SVG = "http://www.w3.org/2000/svg";

function duration(seconds) {
  if (seconds === null) return "no pace to tell by";
  const hours = Math.floor(seconds / 3600), days = Math.floor(hours / 24);
  if (days) return `${days} d ${hours % 24} h`;
  return hours ? `${hours} h ${Math.floor((seconds % 3600) / 60)} min` : `${Math.ceil(seconds / 60)} min`;
}

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

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

function bars({ throughput }) {
  const { games, interval_seconds: seconds, first_start: start } = throughput, most = Math.max(...games), width = 720 / games.length;
  const when = (k) => new Date((start + k * seconds) * 1000).toISOString().slice(0, 16).replace("T", " ");
  const words = `Games ended per ${duration(seconds)}, from ${when(0)} to ${when(games.length)} UTC, at most ${number(most)}`;
  const figure = document.createElement("figure"), caption = document.createElement("figcaption");
  const drawn = element("svg", { viewBox: "0 0 720 120", role: "img", "aria-label": words, class: "bars" });
  games.forEach((count, k) => {
    const height = (100 * count) / most, bar = element("rect", { x: k * width, y: 104 - height, width: Math.max(1, width - 1), height });
    bar.append(element("title", {}, `${when(k)} UTC: ${number(count)} games`));
    drawn.append(bar);
  });
  drawn.append(element("line", { x1: 0, y1: 104.5, x2: 720, y2: 104.5 }));
  caption.textContent = words;
  figure.append(caption, drawn);
  return figure;
}

async function show() {
  try {
    const answer = await fetch(root.dataset.from), found = await answer.json();
    if (!answer.ok) throw new Error(found.error);
    const heading = document.createElement("h2");
    heading.textContent = "The run";
    root.replaceChildren(heading, figures(found), ...(found.throughput.games.length ? [bars(found)] : []));
    if (root.dataset.live === "1" && found.status.num_pending) setTimeout(show, SECONDS * 1000);
  } catch (error) { root.textContent = `The run's figures cannot be read: ${error.message ?? error}`; }
}
show();
