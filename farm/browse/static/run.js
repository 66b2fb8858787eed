// The runs that are under way, from run.json: slots in a grid by machine, what is odd about them, and failures.
import { element, number } from "./elements.js";
import { failureTable } from "./failures.js";
import { duration } from "./throughput.js";

const SECONDS = 2;
const root = document.getElementById("runs"), heard = document.getElementById("heard");
const plural = (count, word) => `${number(count)} ${word}${count === 1 ? "" : "s"}`;
const MEANS = {
  black: "its pictures have been black for a second and a half or more",
  frozen: "its picture has not changed for 150 frames",
  silent: "there was no news of it for ten seconds or more",
  slow: "it renders less than half as fast as the median slot",
};

function left(range) {
  if (range === null) return "nothing was rendered yet";
  const [least, most] = range.map(duration);
  return least === most ? least : `${least} to ${most}`;
}

function slotCard(slot) {
  const card = element("li", undefined, { class: slot.marks.length ? "slot odd" : "slot" }), picture = element("img", undefined, { width: 160, height: 120, alt: "" });
  if (slot.taken_at !== null) {
    picture.src = `${root.dataset.pictures}${slot.game_id}.jpg?at=${slot.taken_at}`;
    picture.alt = `Slot ${slot.slot} at frame ${number(slot.num_shown)}`;
  } else picture.hidden = true;
  card.append(element("strong", slot.slot), picture);
  if (!slot.game_id) card.append(element("span", "waits"));
  else if (slot.taken_at === null) card.append(element("span", `game ${slot.game_id.slice(0, 12)}`), element("span", "no picture yet"));
  else {
    card.append(element("span", `game ${slot.game_id.slice(0, 12)}`));
    card.append(element("span", `${number(slot.num_shown)} of ${number(slot.num_frames)} frames, ${number(slot.frames_per_second)} a second`));
    card.append(element("progress", undefined, { max: slot.num_frames, value: Math.min(slot.num_shown, slot.num_frames), "aria-label": "frames shown" }));
  }
  for (const mark of slot.marks) card.append(element("span", `${mark}: ${MEANS[mark]}`, { class: "mark" }));
  return card;
}

function machines(slots) {
  const byNode = new Map();
  const oddFirst = [...slots].sort((one, other) => other.marks.length - one.marks.length);
  for (const slot of oddFirst) byNode.set(slot.node, [...(byNode.get(slot.node) ?? []), slot]);
  return [...byNode].map(([node, ours]) => {
    const section = element("section"), list = element("ul", undefined, { class: "slots" });
    list.append(...ours.map(slotCard));
    section.append(element("h3", `${node.slice(0, 12)}: ${plural(ours.length, "slot")}`), element("p", ours[0].kind, { class: "soft" }), list);
    return section;
  });
}

function figures(run) {
  const list = element("dl", undefined, { class: "figures" }), odd = run.slots.filter((slot) => slot.marks.length).length;
  const rows = [
    ["committed", number(run.counts.committed ?? 0)], ["set aside", number(run.counts.set_aside ?? 0)],
    ["running", number(run.counts.running ?? 0)], ["waiting", number(run.counts.waiting ?? 0)],
    ["frames shown", `${number(run.frames_shown)} of ${number(run.frames_total)}`],
    ["frames a second", number(run.slots_frames_per_second, 1)], ["time left", left(run.seconds_left)], ["slots that look wrong", number(odd)],
  ];
  for (const [failure, count] of Object.entries(run.retries)) rows.push([failure.replaceAll("_", " "), number(count)]);
  for (const [name, value] of rows) {
    const box = element("div");
    box.append(element("dt", name), element("dd", value));
    list.append(box);
  }
  return list;
}

function shown(run, isOnly) {
  const section = element("section", undefined, { "data-run": run.name });
  section.append(element("h2", isOnly ? "Slots" : `Slots of run ${run.name}`));
  if (!run.is_heard) section.append(element("p", `Not heard of for ${duration(run.silent_seconds)}: it was killed, or its machine is gone. Run the same command again to go on.`, { class: "mark" }));
  section.append(figures(run), ...(run.is_heard ? machines(run.slots) : []));
  if (run.lines.length) {
    const said = element("ul");
    said.append(...run.lines.map((line) => element("li", line)));
    section.append(element("h3", "Machines"), said);
  }
  if (run.failures.length) section.append(element("h3", "Failures and retries, newest first"), failureTable("Failures, newest first", run.failures));
  return section;
}

async function look() {
  try {
    const answer = await fetch(root.dataset.from), found = await answer.json();
    if (!answer.ok) throw new Error(found.error);
    const focused = document.activeElement?.closest?.(".scroll") !== null && document.activeElement !== document.body;
    if (!focused) root.replaceChildren(...found.runs.map((run) => shown(run, found.runs.length === 1)));
    const running = found.runs.filter((run) => run.is_heard).length;
    heard.textContent = running ? `${running === 1 ? "One run is" : `${number(running)} runs are`} under way.` : "No run is under way on this dataset now; one that was started with --live 0 is not seen.";
  } catch (error) { heard.textContent = `The run cannot be looked at: ${error.message ?? error}`; }
  setTimeout(look, SECONDS * 1000);
}
look();
