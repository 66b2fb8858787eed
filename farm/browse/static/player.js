// The page of one game: its pictures frame by frame, with state, controllers, events and what is drawn over them.
import { curvesInSight } from "./evidence.js";
import { drawMap } from "./map.js";
import { COLOURS, Overlay, eventWords } from "./overlay.js";
import { PAD_HEIGHT, PAD_WIDTH, drawPad, padWords } from "./pad.js";
import { drawPlot } from "./plot.js";
import { FIRST_SLP_FRAME, GameVideo } from "./video.js";

const $ = (id) => document.getElementById(id);
const root = $("player");
const game = await (await fetch(`${root.dataset.game}.json`)).json();
const video = new GameVideo(game, root.dataset.files), overlay = new Overlay($("overlay"), root.dataset.game);
const { numFrames, starts } = video;
const states = new Map();
const range = { first: 0, last: numFrames - 1 };
let shown = -1, wanted = 0, isBusy = false, isPlaying = false;
let happened = null; // what timeline.json says

function stateOf(chunkNumber) {
  if (!states.has(chunkNumber)) states.set(chunkNumber, fetch(`${root.dataset.game}/chunk-${chunkNumber}.json`).then((answer) => answer.json()));
  return states.get(chunkNumber);
}

/** Show frame `wanted`, then, if it has changed meanwhile, the new one; picture and state change in one step. */
async function show() {
  if (isBusy) return;
  isBusy = true;
  try {
    while (shown !== wanted) {
      const frame = wanted, at = video.place(frame);
      const [frames, state] = await Promise.all([video.gop(at.chunkNumber, at.gop), stateOf(at.chunkNumber)]);
      const picture = frames[at.within], canvas = $("picture");
      if (canvas.width !== picture.displayWidth) { canvas.width = picture.displayWidth; canvas.height = picture.displayHeight; }
      canvas.getContext("2d", { willReadFrequently: true }).drawImage(picture, 0, 0);
      drawState(state, at.index, at.chunkNumber);
      shown = frame;
      video.prefetch(frame + 30);
    }
    $("message").textContent = "";
  } catch (error) { isPlaying = false; $("message").textContent = String(error.message ?? error); } finally { isBusy = false; }
}

function drawState(state, row, chunkNumber) {
  const slpFrame = state.slp_frame[row];
  $("slp_frame").textContent = slpFrame;
  if (document.activeElement !== $("frame")) $("frame").value = slpFrame;
  $("seek").value = starts[chunkNumber] + row;
  state.players.forEach((player, number) => {
    const box = fighterBox(number), value = (name) => player[name][row];
    const action = value("action"), number_ = (x, digits = 1) => (x === null ? "–" : x.toFixed(digits));
    box.querySelector(".words").textContent = `p${number} ${game.characters[number] ?? ""}  ${value("percent") === null ? "–" : Math.floor(value("percent"))} %  ${value("stocks") ?? "–"} stocks`;
    box.querySelector(".action").textContent = `${state.actions[action] ?? "action"} (${action})`;
    box.querySelector(".place").textContent = `x ${number_(value("x"))}  y ${number_(value("y"))}`;
    const pad = box.querySelector("canvas");
    drawPad(pad, value, COLOURS[number]);
    if (!isPlaying) pad.setAttribute("aria-label", `Controller of player ${number}: ${padWords(value)}`);
  });
  drawMap($("map"), state, row, COLOURS);
  drawPlot(game, state, row, chunkNumber, root.dataset.game, redraw);
  drawTimeline(starts[chunkNumber] + row);
  overlay.draw(slpFrame, $("picture").width, $("picture").height);
}

function fighterBox(number) {
  const id = `fighter-${number}`;
  if (!$(id)) {
    const box = document.createElement("div");
    box.id = id; box.className = "fighter";
    const pad = document.createElement("canvas");
    pad.width = PAD_WIDTH; pad.height = PAD_HEIGHT; pad.className = "pad"; pad.setAttribute("role", "img"); pad.setAttribute("aria-label", `Controller of player ${number}`);
    const words = document.createElement("div");
    for (const name of ["words", "action", "place"]) { const line = document.createElement("p"); line.className = name; words.append(line); }
    box.append(words, pad);
    $("players").append(box);
  }
  return $(id);
}

async function redraw() {
  if (shown < 0) return;
  const at = video.place(shown);
  drawState(await stateOf(at.chunkNumber), at.index, at.chunkNumber);
}

fetch(`${root.dataset.game}/timeline.json`).then((answer) => answer.json()).then((found) => {
  happened = found;
  overlay.events = found.events;
  const frames = found.rolled_back.reduce((sum, [, length]) => sum + length, 0);
  $("rolled").textContent = found.rolled_back.length ? `${frames} frames in ${found.rolled_back.length} places rolled back (orange); stocks lost in red` : "no frame was rolled back; stocks lost in red";
  listKinds(found.events);
  $("rollback-back").disabled = $("rollback-on").disabled = !found.rolled_back.length;
  $("event-back").disabled = $("event-on").disabled = !found.events.length;
  redraw();
}).catch(() => { $("rolled").textContent = "the time line cannot be read"; });

const eventsOfKind = () => happened.events.filter(([, kind]) => $("event-kind").value === "all" || kind === $("event-kind").value);

/** The kinds of events to choose from, and the events of that kind, each a button that goes to its frame. */
function listKinds(events) {
  const kinds = $("event-kind"), count = (kind) => events.filter((event) => event[1] === kind).length;
  kinds.replaceChildren(new Option(`all (${events.length})`, "all"), ...[...new Set(events.map(([, kind]) => kind))].map((kind) => new Option(`${kind.replaceAll("_", " ")} (${count(kind)})`, kind)));
  const list = () => $("event-list").replaceChildren(...eventsOfKind().map((event) => {
    const item = document.createElement("li"), button = document.createElement("button");
    button.type = "button"; button.textContent = eventWords(event);
    button.addEventListener("click", () => go(event[0] - FIRST_SLP_FRAME));
    item.append(button);
    return item;
  }));
  kinds.addEventListener("change", list);
  list();
}

function drawTimeline(frame) {
  const canvas = $("timeline"), pen = canvas.getContext("2d"), x = (f) => (f / Math.max(1, numFrames - 1)) * canvas.width;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#8884"; pen.fillRect(0, 8, canvas.width, 6);
  pen.fillStyle = "#36c8"; pen.fillRect(x(range.first), 18, Math.max(2, x(range.last) - x(range.first)), 4);
  for (const [first, length] of happened?.rolled_back ?? []) { pen.fillStyle = "#e80"; pen.fillRect(x(first - FIRST_SLP_FRAME), 5, Math.max(1, x(length)), 12); }
  for (const [at, player] of happened?.stocks_lost ?? []) { pen.fillStyle = "#d33"; pen.fillRect(x(at - FIRST_SLP_FRAME) - 1, player ? 11 : 0, 3, 11); }
  pen.fillStyle = getComputedStyle(document.body).color; pen.fillRect(x(frame) - 1, 0, 2, canvas.height);
}

/** Go to the next of some frames of the game, or with direction -1 to the one before. */
function goToNext(frames, direction) {
  const beyond = frames.filter((frame) => (frame - wanted) * direction > 0);
  if (beyond.length) go(direction > 0 ? Math.min(...beyond) : Math.max(...beyond));
}
const goToRollback = (direction) => happened && goToNext(happened.rolled_back.map(([first]) => first - FIRST_SLP_FRAME), direction);
const goToEvent = (direction) => happened && goToNext(eventsOfKind().map(([frame]) => frame - FIRST_SLP_FRAME), direction);

function setRange(first, last) {
  const within = (frame) => Math.max(0, Math.min(numFrames - 1, Number.isFinite(frame) ? frame : 0));
  range.first = Math.min(within(first), within(last)); range.last = Math.max(within(first), within(last));
  $("range-first").value = range.first + FIRST_SLP_FRAME; $("range-last").value = range.last + FIRST_SLP_FRAME;
  linkClips();
  drawTimeline(wanted);
}

/** Let the links for downloads lead to the range, with what is drawn over the picture. */
function linkClips() {
  const most = Number($("clips")?.dataset.most ?? 0);
  if (!most) return;
  const drawn = ["state", "boxes", "events"].filter((name) => $(name === "state" ? "clip-state" : `show-${name}`).checked);
  const length = range.last - range.first + 1, last = range.first + Math.min(length, most) - 1;
  for (const kind of ["mp4", "webp", "gif"]) $(`clip-${kind}`).href = `${root.dataset.game}/clip_${range.first + FIRST_SLP_FRAME}_${last + FIRST_SLP_FRAME + 1}.${kind}${drawn.length ? `?over=${drawn.join(",")}` : ""}`;
  $("clip-length").textContent = `${((last - range.first + 1) / 59.94).toFixed(1)} s${length > most ? `, the first ${most} frames of the range` : ""}`;
}

function go(frame) { wanted = Math.max(0, Math.min(numFrames - 1, frame)); history.replaceState(null, "", `#${wanted + FIRST_SLP_FRAME}`); show(); }
async function play() {
  isPlaying = !isPlaying;
  $("play").textContent = isPlaying ? "pause" : "play";
  const isLooping = () => $("loop").checked;
  let before = performance.now(), owed = 0;
  const step = (now) => {
    if (!isPlaying || (wanted >= numFrames - 1 && !isLooping())) { isPlaying = false; $("play").textContent = "play"; return; }
    owed += (((now - before) * 60) / 1001) * Number($("speed").value); before = now;
    const frames = Math.floor(owed);
    owed -= frames;
    if (frames && !isBusy) {
      const next = wanted + frames;
      go(isLooping() && (next > range.last || next < range.first) ? range.first : next);
      if (isLooping() && range.last - wanted < 30) video.prefetch(range.first);
    }
    requestAnimationFrame(step);
  };
  if (isPlaying) requestAnimationFrame(step);
}
const press = (id, act) => $(id)?.addEventListener("click", act);
press("back", () => go(wanted - 1));
press("on", () => go(wanted + 1));
press("play", play);
press("rollback-back", () => goToRollback(-1));
press("rollback-on", () => goToRollback(1));
press("event-back", () => goToEvent(-1));
press("event-on", () => goToEvent(1));
press("range-first-here", () => setRange(wanted, Math.max(wanted, range.last)));
press("range-last-here", () => setRange(Math.min(wanted, range.first), wanted));
$("seek").addEventListener("input", () => go(Number($("seek").value)));
$("frame").addEventListener("change", () => go(Number($("frame").value) - FIRST_SLP_FRAME));
$("column").addEventListener("change", redraw);
for (const id of ["range-first", "range-last"]) $(id).addEventListener("change", () => setRange(Number($("range-first").value) - FIRST_SLP_FRAME, Number($("range-last").value) - FIRST_SLP_FRAME));
$("clip-state")?.addEventListener("change", linkClips);
$("show-events").addEventListener("change", () => { overlay.showsEvents = $("show-events").checked; linkClips(); redraw(); });
$("show-boxes").addEventListener("change", async () => {
  overlay.showsBoxes = $("show-boxes").checked;
  $("boxes-message").textContent = overlay.showsBoxes ? await overlay.loadBoxes() : "";
  linkClips(); redraw();
});
const KEYS = {
  ArrowLeft: (event) => go(wanted - (event.shiftKey ? 30 : 1)), ArrowRight: (event) => go(wanted + (event.shiftKey ? 30 : 1)),
  n: () => goToEvent(1), p: () => goToEvent(-1), "[": () => setRange(wanted, Math.max(wanted, range.last)), "]": () => setRange(Math.min(wanted, range.first), wanted),
  l: () => { $("loop").checked = !$("loop").checked; },
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target instanceof HTMLInputElement && event.target.type !== "checkbox") return;
  if (event.target instanceof HTMLSelectElement) return;
  const isControl = ["BUTTON", "INPUT", "A", "SUMMARY"].includes(event.target.tagName);
  if (event.key === " " && !isControl) play();
  else if (event.key in KEYS) KEYS[event.key](event);
  else return;
  event.preventDefault();
});
setRange(range.first, range.last);
curvesInSight(root, game.chunks.length);
if (typeof VideoDecoder === "undefined") $("message").textContent = "This web browser has no WebCodecs: use a newer one, over https or on this machine's own address.";
else go(/^#-?\d+$/.test(location.hash) ? Number(location.hash.slice(1)) - FIRST_SLP_FRAME : 0);
