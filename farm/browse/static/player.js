// Plays one game's chunks frame by frame. Every picture is decoded from its GOP's own bytes, fetched by range, so
// the picture on the canvas is the one at frame_index, never the nearest one that a media element would seek to.
const FIRST_SLP_FRAME = -123;
const MOST_KEPT = 6; // GOPs decoded and kept, 30 frames each
const $ = (id) => document.getElementById(id);
const root = $("player");
const game = await (await fetch(`${root.dataset.game}.json`)).json();
const starts = []; // of each chunk, in frames of the game
let numFrames = 0;
for (const chunk of game.chunks) { starts.push(numFrames); numFrames += chunk.num_frames; }
const states = new Map();
const whole = new Map(); // one video, where the server knows no ranges
const decoded = new Map(); // "chunk:gop" -> promise of VideoFrames
let shown = -1, wanted = 0, isBusy = false, isPlaying = false;

const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/** Split length-prefixed NAL units into pictures: each ends with its one slice. */
function pictures(data, avcc) {
  const lengthBytes = (avcc[4] & 3) + 1, found = [];
  for (let start = 0, at = 0; at < data.length;) {
    let size = 0;
    for (let k = 0; k < lengthBytes; k++) size = size * 256 + data[at + k];
    const type = data[at + lengthBytes] & 31;
    at += lengthBytes + size;
    if (type === 1 || type === 5) { found.push(data.subarray(start, at)); start = at; }
  }
  return found;
}

/** Bytes first to last of a file. A server without ranges gives the whole file, which is then kept. */
async function rangeOf(key, first, last) {
  if (!whole.has(key)) {
    const answer = await fetch(root.dataset.files + key, { headers: { Range: `bytes=${first}-${last}` } });
    if (answer.status === 206) return new Uint8Array(await answer.arrayBuffer());
    if (answer.status !== 200) throw new Error(`the video cannot be read: ${answer.status}`);
    whole.clear();
    whole.set(key, new Uint8Array(await answer.arrayBuffer()));
  }
  return whole.get(key).subarray(first, last + 1);
}

async function decodeGop(chunkNumber, gop) {
  const chunk = game.chunks[chunkNumber], avcc = bytesOf(chunk.avcc);
  const first = chunk.gops.byte_offset[gop], last = first + chunk.gops.byte_size[gop] - 1;
  const units = pictures(await rangeOf(chunk.video, first, last), avcc);
  const frames = [];
  const hex = (byte) => byte.toString(16).padStart(2, "0");
  let failure = null;
  const decoder = new VideoDecoder({ output: (frame) => frames.push(frame), error: (error) => { failure = error; } });
  decoder.configure({ codec: `avc1.${hex(avcc[1])}${hex(avcc[2])}${hex(avcc[3])}`, description: avcc, optimizeForLatency: true });
  units.forEach((data, k) => decoder.decode(new EncodedVideoChunk({ type: k ? "delta" : "key", timestamp: k, data })));
  await decoder.flush();
  decoder.close();
  if (failure || frames.length !== chunk.gops.num_pictures[gop]) throw failure ?? new Error(`${frames.length} pictures decoded from a GOP of ${chunk.gops.num_pictures[gop]}`);
  return frames.sort((one, other) => one.timestamp - other.timestamp);
}

function gopOf(chunkNumber, gop) {
  const key = `${chunkNumber}:${gop}`;
  if (!decoded.has(key)) {
    decoded.set(key, decodeGop(chunkNumber, gop));
    while (decoded.size > MOST_KEPT) {
      const [oldest, frames] = decoded.entries().next().value;
      decoded.delete(oldest);
      frames.then((each) => each.forEach((frame) => frame.close()), () => {});
    }
  }
  return decoded.get(key);
}

function stateOf(chunkNumber) {
  if (!states.has(chunkNumber)) states.set(chunkNumber, fetch(`${root.dataset.game}/chunk-${chunkNumber}.json`).then((answer) => answer.json()));
  return states.get(chunkNumber);
}

function place(frame) {
  let chunkNumber = starts.length - 1;
  while (starts[chunkNumber] > frame) chunkNumber--;
  const index = frame - starts[chunkNumber], firsts = game.chunks[chunkNumber].gops.first_frame_index;
  let gop = firsts.length - 1;
  while (firsts[gop] > index) gop--;
  return { chunkNumber, index, gop, within: Math.floor((index - firsts[gop]) / game.picture_step) };
}

/** Show frame `wanted`, then, if it has changed meanwhile, the new one; picture and state change in one step. */
async function show() {
  if (isBusy) return;
  isBusy = true;
  try {
    while (shown !== wanted) {
      const frame = wanted, at = place(frame);
      const [frames, state] = await Promise.all([gopOf(at.chunkNumber, at.gop), stateOf(at.chunkNumber)]);
      const picture = frames[at.within], canvas = $("picture");
      if (canvas.width !== picture.displayWidth) { canvas.width = picture.displayWidth; canvas.height = picture.displayHeight; }
      canvas.getContext("2d", { willReadFrequently: true }).drawImage(picture, 0, 0);
      drawState(state, at.index, at.chunkNumber);
      shown = frame;
      const next = place(Math.min(frame + 30, numFrames - 1));
      gopOf(next.chunkNumber, next.gop).catch(() => {});
    }
    $("message").textContent = "";
  } catch (error) { isPlaying = false; $("message").textContent = String(error.message ?? error); } finally { isBusy = false; }
}

const colours = ["#d33", "#36c", "#2a2", "#a60"];
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
    drawPad(box.querySelector("canvas"), value);
  });
  drawMap(state, row);
  drawPlot(state, row, chunkNumber);
  drawTimeline(starts[chunkNumber] + row);
}

function fighterBox(number) {
  const id = `fighter-${number}`;
  if (!$(id)) {
    const box = document.createElement("div");
    box.id = id; box.className = "fighter";
    const pad = document.createElement("canvas");
    pad.width = 150; pad.height = 64; pad.setAttribute("role", "img"); pad.setAttribute("aria-label", `Controller of player ${number}`);
    const words = document.createElement("div");
    for (const name of ["words", "action", "place"]) { const line = document.createElement("p"); line.className = name; words.append(line); }
    box.append(pad, words);
    $("players").append(box);
  }
  return $(id);
}

const BUTTONS = [["A", 0x100], ["B", 0x200], ["X", 0x400], ["Y", 0x800], ["Z", 0x10], ["L", 0x40], ["R", 0x20]];
function drawPad(canvas, value) {
  const pen = canvas.getContext("2d"), ink = getComputedStyle(document.body).color;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.strokeStyle = pen.fillStyle = ink; pen.lineWidth = 1.5;
  [["main", 24, "#888"], ["c", 76, "#c90"]].forEach(([name, x, colour]) => {
    pen.beginPath(); pen.arc(x, 24, 20, 0, 7); pen.stroke();
    pen.fillStyle = colour; pen.beginPath(); pen.arc(x + 16 * (value(`${name}_x`) ?? 0), 24 - 16 * (value(`${name}_y`) ?? 0), 6, 0, 7); pen.fill();
  });
  const pressed = value("buttons") ?? 0;
  pen.font = "bold 12px sans-serif";
  BUTTONS.forEach(([name, bit], k) => { pen.globalAlpha = pressed & bit ? 1 : 0.25; pen.fillStyle = pressed & bit ? "#d33" : ink; pen.fillText(name, 6 + 14 * k, 60); });
  pen.globalAlpha = 1; pen.fillStyle = "#888";
  pen.strokeRect(106, 8, 38, 8); pen.fillRect(106, 8, 38 * Math.min(1, value("trigger") ?? 0), 8);
}

function drawMap(state, row) {
  const canvas = $("map"), pen = canvas.getContext("2d"), stage = state.stage, dim = getComputedStyle(document.body).getPropertyValue("--soft");
  const [left, right, bottom, top] = stage.blast ?? [-200, 200, -100, 190];
  const scale = Math.min((canvas.width - 8) / (right - left), (canvas.height - 8) / (top - bottom));
  const at = (x, y) => [canvas.width / 2 + (x - (left + right) / 2) * scale, canvas.height / 2 - (y - (top + bottom) / 2) * scale];
  const line = (x0, y0, x1, y1) => { pen.beginPath(); pen.moveTo(...at(x0, y0)); pen.lineTo(...at(x1, y1)); pen.stroke(); };
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.lineWidth = 1; pen.strokeStyle = dim; pen.setLineDash([4, 4]);
  pen.strokeRect(...at(left, top), (right - left) * scale, (top - bottom) * scale);
  pen.setLineDash([]); pen.lineWidth = 2.5; pen.strokeStyle = getComputedStyle(document.body).color;
  for (const [x0, y0, x1, y1] of stage.surfaces) line(x0, y0, x1, y1);
  if (!stage.surfaces.length) line(-70, 0, 70, 0);
  stage.fountain.forEach(([x0, x1, start], side) => { const y = stage[side ? "fod_right" : "fod_left"][row] ?? start; line(x0, y, x1, y); });
  const [cloudX, cloudY] = [stage.d_randall_x[row], stage.d_randall_y[row]];
  if (cloudX !== null && cloudY !== null) line(cloudX, cloudY, cloudX + stage.randall_width, cloudY);
  state.players.forEach((player, number) => {
    const [x, y] = [player.x[row], player.y[row]];
    if (x === null || y === null) return;
    pen.fillStyle = colours[number]; pen.beginPath(); pen.arc(...at(x, y + 5), 6, 0, 7); pen.fill();
    pen.strokeStyle = colours[number]; line(x, y + 5, x + 14 * (player.facing[row] ?? 0), y + 5);
  });
}

const columns = new Map(); // "chunk:name" -> values, or a promise of them
function valuesOf(state, name, chunkNumber) {
  const [who, field] = name.split(".");
  const player = /^p\d$/.test(who) ? state.players[Number(who[1])] : null;
  if (player && field in player) return player[field];
  const key = `${chunkNumber}:${name}`;
  if (!columns.has(key)) {
    columns.set(key, null);
    fetch(`${root.dataset.game}/chunk-${chunkNumber}/${name}.json`).then((answer) => answer.json()).then((values) => { columns.set(key, values); redraw(); });
  }
  return columns.get(key);
}

function drawPlot(state, row, chunkNumber) {
  const select = $("column");
  if (!select.options.length) {
    const loaded = state.players.flatMap((player, number) => Object.keys(player).map((name) => `p${number}.${name}`));
    const names = game.columns.length ? [...loaded, ...game.columns.filter((name) => !loaded.includes(name))] : loaded;
    names.forEach((name) => select.add(new Option(name)));
    select.value = "p0.percent";
  }
  const values = valuesOf(state, select.value, chunkNumber), canvas = $("plot"), pen = canvas.getContext("2d");
  if (canvas.width !== canvas.clientWidth) canvas.width = canvas.clientWidth;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  if (!values) return;
  const known = values.filter((value) => value !== null).map(Number);
  const least = Math.min(...known), most = Math.max(...known, least + 1e-6);
  const x = (k) => (k / Math.max(1, values.length - 1)) * canvas.width, y = (v) => 130 - ((v - least) / (most - least)) * 112;
  pen.strokeStyle = "#58c"; pen.beginPath();
  values.forEach((value, k) => { if (value !== null) pen.lineTo(x(k), y(Number(value))); else pen.moveTo(x(k), 130); });
  pen.stroke();
  pen.strokeStyle = "#d33"; pen.beginPath(); pen.moveTo(x(row), 0); pen.lineTo(x(row), 140); pen.stroke();
  pen.fillStyle = getComputedStyle(document.body).color; pen.font = "12px sans-serif";
  pen.fillText(`${select.value}: ${values[row] ?? "not recorded"}${known.length ? `   (${least.toPrecision(4)} to ${most.toPrecision(4)})` : ""}`, 6, 12);
}

async function redraw() {
  if (shown < 0) return;
  const at = place(shown);
  drawPlot(await stateOf(at.chunkNumber), at.index, at.chunkNumber);
}

let happened = null; // what timeline.json says
fetch(`${root.dataset.game}/timeline.json`).then((answer) => answer.json()).then((found) => {
  happened = found;
  const frames = found.rolled_back.reduce((sum, [, length]) => sum + length, 0);
  $("rolled").textContent = found.rolled_back.length ? `${frames} frames in ${found.rolled_back.length} places rolled back (orange); stocks lost in red` : "no frame was rolled back; stocks lost in red";
  listEvents(found.events);
  $("rollback-back").disabled = $("rollback-on").disabled = !found.rolled_back.length;
  drawTimeline(wanted);
}).catch(() => { $("rolled").textContent = "the time line cannot be read"; });

/** The events of one kind, or of all, each a button that goes to its frame. */
function listEvents(events) {
  const kinds = $("event-kind"), list = $("event-list"), name = (player) => (player === null ? "" : ` by p${player}`);
  const count = (kind) => events.filter((event) => event[1] === kind).length;
  kinds.replaceChildren(new Option(`all (${events.length})`, "all"), ...[...new Set(events.map(([, kind]) => kind))].map((kind) => new Option(`${kind} (${count(kind)})`, kind)));
  const show = () => list.replaceChildren(...events.filter(([, kind]) => kinds.value === "all" || kind === kinds.value).map(([frame, kind, fighter, other, value]) => {
    const item = document.createElement("li"), button = document.createElement("button");
    button.type = "button";
    button.textContent = `${frame}: ${kind.replaceAll("_", " ")}, ${fighter}${kind === "throw" ? name(other).replace("by", "throws") : name(other)}${value === null ? "" : ` (${value})`}`;
    button.addEventListener("click", () => go(frame - FIRST_SLP_FRAME));
    item.append(button);
    return item;
  }));
  kinds.addEventListener("change", show);
  show();
}

function drawTimeline(frame) {
  const canvas = $("timeline"), pen = canvas.getContext("2d"), x = (f) => (f / Math.max(1, numFrames - 1)) * canvas.width;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#8884"; pen.fillRect(0, 8, canvas.width, 6);
  for (const [first, length] of happened?.rolled_back ?? []) { pen.fillStyle = "#e80"; pen.fillRect(x(first - FIRST_SLP_FRAME), 5, Math.max(1, x(length)), 12); }
  for (const [at, player] of happened?.stocks_lost ?? []) { pen.fillStyle = "#d33"; pen.fillRect(x(at - FIRST_SLP_FRAME) - 1, player ? 11 : 0, 3, 11); }
  pen.fillStyle = getComputedStyle(document.body).color; pen.fillRect(x(frame) - 1, 0, 2, canvas.height);
}
function goToRollback(direction) {
  const firsts = happened.rolled_back.map(([first]) => first - FIRST_SLP_FRAME).filter((first) => (first - wanted) * direction > 0);
  if (firsts.length) go(direction > 0 ? firsts[0] : firsts[firsts.length - 1]);
}

/** One chunk's curves: correlation over lags, and how much of the predicted motion each window shows. */
function drawCurves(number, found) {
  const figure = document.createElement("figure"), caption = document.createElement("figcaption"), canvas = document.createElement("canvas");
  caption.textContent = `chunk ${number}: ${found.detail}`;
  canvas.width = 900; canvas.height = 160; canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", caption.textContent);
  figure.append(caption, canvas);
  $("curve-list").append(figure);
  const pen = canvas.getContext("2d"), ink = getComputedStyle(document.body).color;
  const most = Math.max(...found.correlation, 0.1), least = Math.min(...found.correlation, 0), span = found.lags.length - 1;
  const x = (k) => 10 + (k / span) * 280, y = (v) => 140 - ((v - least) / (most - least)) * 120;
  pen.font = "12px sans-serif"; pen.fillStyle = ink; pen.strokeStyle = "#8886";
  pen.beginPath(); pen.moveTo(x(found.lags.indexOf(0)), 10); pen.lineTo(x(found.lags.indexOf(0)), 142); pen.stroke();
  pen.strokeStyle = "#58c"; pen.lineWidth = 1.5; pen.beginPath(); found.correlation.forEach((value, k) => pen.lineTo(x(k), y(value))); pen.stroke();
  [[found.best_lag, "#d33"], [found.runner_up_lag, "#e80"]].forEach(([lag, colour]) => { const k = found.lags.indexOf(lag); pen.fillStyle = colour; pen.beginPath(); pen.arc(x(k), y(found.correlation[k]), 4, 0, 7); pen.fill(); });
  pen.fillStyle = ink; pen.fillText(`lag ${found.lags[0]} to ${found.lags[span]}; best ${found.best_lag}, next ${found.runner_up_lag}, margin ${found.margin}`, 10, 156);
  const frames = found.windows.slp_frame, first = frames[0], last = frames[frames.length - 1];
  const wx = (f) => 330 + ((f - first) / Math.max(1, last - first)) * 555, wy = (v) => 140 - ((Math.max(-0.5, Math.min(2, v)) + 0.5) / 2.5) * 130;
  pen.strokeStyle = "#8886"; pen.beginPath(); pen.moveTo(330, wy(1)); pen.lineTo(885, wy(1)); pen.stroke();
  frames.forEach((frame, k) => { pen.fillStyle = found.windows.is_broken[k] ? "#d33" : "#58c"; pen.fillRect(wx(frame) - 1, wy(found.windows.share[k]) - 1, 3, 3); });
  pen.fillStyle = ink; pen.fillText("motion seen / predicted, by slp_frame; the line is 1", 330, 156);
}
async function measureCurves() {
  $("curves").disabled = true;
  $("curve-list").textContent = "";
  try {
    for (let number = 0; number < game.chunks.length; number++) {
      $("curves-message").textContent = `measuring chunk ${number + 1} of ${game.chunks.length} ...`;
      const answer = await fetch(`${root.dataset.game}/evidence-${number}.json`), found = await answer.json();
      if (!answer.ok) throw new Error(found.error);
      drawCurves(number, found);
    }
    $("curves-message").textContent = "measured anew from the dataset's files";
  } catch (error) { $("curves-message").textContent = String(error.message ?? error); } finally { $("curves").disabled = false; }
}

function go(frame) { wanted = Math.max(0, Math.min(numFrames - 1, frame)); history.replaceState(null, "", `#${wanted + FIRST_SLP_FRAME}`); show(); }
async function play() {
  isPlaying = !isPlaying;
  $("play").textContent = isPlaying ? "pause" : "play";
  let before = performance.now(), owed = 0;
  const step = (now) => {
    if (!isPlaying || wanted >= numFrames - 1) { isPlaying = false; $("play").textContent = "play"; return; }
    owed += ((now - before) * 60) / 1001; before = now;
    const frames = Math.floor(owed);
    owed -= frames;
    if (frames && !isBusy) go(wanted + frames);
    requestAnimationFrame(step);
  };
  if (isPlaying) requestAnimationFrame(step);
}
$("back").addEventListener("click", () => go(wanted - 1));
$("on").addEventListener("click", () => go(wanted + 1));
$("play").addEventListener("click", play);
$("seek").addEventListener("input", () => go(Number($("seek").value)));
$("frame").addEventListener("change", () => go(Number($("frame").value) - FIRST_SLP_FRAME));
$("column").addEventListener("change", redraw);
$("rollback-back").addEventListener("click", () => goToRollback(-1));
$("rollback-on").addEventListener("click", () => goToRollback(1));
$("curves")?.addEventListener("click", measureCurves);
document.addEventListener("keydown", (event) => {
  if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
  if (event.key === "ArrowLeft") go(wanted - (event.shiftKey ? 30 : 1));
  else if (event.key === "ArrowRight") go(wanted + (event.shiftKey ? 30 : 1));
  else if (event.key === " " && !(event.target instanceof HTMLButtonElement)) play();
  else return;
  event.preventDefault();
});
if (typeof VideoDecoder === "undefined") $("message").textContent = "This web browser has no WebCodecs: use a newer one, over https or on this machine's own address.";
else go(/^#-?\d+$/.test(location.hash) ? Number(location.hash.slice(1)) - FIRST_SLP_FRAME : 0);
