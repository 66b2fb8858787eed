// Two renders of one game in lock-step: both pictures of a frame, how they differ, and SSIM over the game.
import { chart } from "./charts.js";
import { GameVideo } from "./video.js";

const $ = (id) => document.getElementById(id);
const root = $("compare"), NEAR = 60, COARSE = 300, PART = 600;
const game = await (await fetch(`${root.dataset.game}.json`)).json();
const sides = game.sides.map((side, k) => new GameVideo(side, k ? root.dataset.otherFiles : root.dataset.files));
const firsts = game.sides.map((side) => side.chunks[0].slp_frame_start);
const first = Math.max(...firsts), last = Math.min(...sides.map((side, k) => firsts[k] + side.numFrames - 1));
const small = sides.map(() => document.createElement("canvas"));
let shown = null, wanted = first, isBusy = false, isPlaying = false, nearAround = null;

async function show() {
  if (isBusy) return;
  isBusy = true;
  try {
    while (shown !== wanted) {
      const frame = wanted;
      const pictures = await Promise.all(sides.map((side, k) => side.picture(frame - firsts[k])));
      pictures.forEach((picture, k) => {
        const canvas = $(`side-${k}`);
        if (canvas.width !== picture.displayWidth) { canvas.width = picture.displayWidth; canvas.height = picture.displayHeight; }
        canvas.getContext("2d", { willReadFrequently: true }).drawImage(picture, 0, 0);
      });
      drawDifference(pictures);
      $("slp_frame").textContent = frame;
      if (document.activeElement !== $("frame")) $("frame").value = frame;
      $("seek").value = frame - first;
      shown = frame;
      sides.forEach((side, k) => side.prefetch(frame - firsts[k] + 30));
    }
    $("message").textContent = "";
  } catch (error) { isPlaying = false; $("message").textContent = String(error.message ?? error); } finally { isBusy = false; }
  if (!isPlaying) measureNear();
}

/** How far each pixel differs, both pictures scaled to the smaller of the two. */
function drawDifference(pictures) {
  const width = Math.min(...pictures.map((one) => one.displayWidth)), height = Math.min(...pictures.map((one) => one.displayHeight)), gain = Number($("gain").value);
  const [ours, theirs] = pictures.map((picture, k) => {
    if (small[k].width !== width || small[k].height !== height) { small[k].width = width; small[k].height = height; }
    const pen = small[k].getContext("2d", { willReadFrequently: true });
    pen.drawImage(picture, 0, 0, width, height);
    return pen.getImageData(0, 0, width, height);
  });
  let sum = 0;
  for (let k = 0; k < ours.data.length; k++) {
    if ((k & 3) === 3) continue;
    const difference = Math.abs(ours.data[k] - theirs.data[k]);
    sum += difference;
    ours.data[k] = difference * gain;
  }
  const canvas = $("difference");
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  canvas.getContext("2d", { willReadFrequently: true }).putImageData(ours, 0, 0);
  $("differs").textContent = `${(sum / (width * height * 3)).toFixed(2)} of 255 on average`;
}

async function measured(from, end, every) {
  const answer = await fetch(`${root.dataset.game}/ssim_${from}_${end}_${every}.json`), found = await answer.json();
  if (!answer.ok) throw new Error(found.error);
  return found;
}
const told = (found) => ({ xLabel: "slp_frame", yLabel: "SSIM", x: found.slp_frame, series: [{ label: "SSIM", values: found.ssim }], isLive: true });

/** SSIM of some hundred frames of the whole game, part by part. */
async function measureAll() {
  const every = Math.max(1, Math.ceil((last - first + 1) / COARSE)), all = { slp_frame: [], ssim: [] };
  try {
    for (let from = first; from <= last; from += PART - (PART % every)) {
      const found = await measured(from, Math.min(last + 1, from + PART - (PART % every)), every);
      all.slp_frame.push(...found.slp_frame); all.ssim.push(...found.ssim);
      chart($("ssim"), { ...told(all), caption: every > 1 ? `Every ${every}th frame of the game` : "Every frame of the game" });
    }
    const mean = all.ssim.reduce((a, b) => a + b, 0) / all.ssim.length, least = Math.min(...all.ssim), worst = all.slp_frame[all.ssim.indexOf(least)];
    $("ssim-message").textContent = `SSIM of the brightness, 1 where the pictures are equal: ${mean.toFixed(4)} on average, least ${least.toFixed(4)} at slp_frame ${worst}.`;
  } catch (error) { $("ssim-message").textContent = String(error.message ?? error); }
  root.dataset.ready = "1";
}

/** SSIM of each frame near the one shown, when it rests. */
async function measureNear() {
  const around = Math.floor((shown - first) / NEAR) * NEAR + first;
  if (around === nearAround || root.dataset.ready !== "1") return;
  nearAround = around;
  try {
    const found = await measured(around, Math.min(last + 1, around + NEAR), 1);
    if (around === nearAround) chart($("ssim-near"), { ...told(found), caption: `Each frame from ${around} on`, height: 150 });
  } catch (error) { $("ssim-message").textContent = String(error.message ?? error); }
}

function go(frame) { wanted = Math.max(first, Math.min(last, frame)); history.replaceState(null, "", `#${wanted}`); show(); }
function play() {
  isPlaying = !isPlaying;
  $("play").textContent = isPlaying ? "pause" : "play";
  let before = performance.now(), owed = 0;
  const step = (now) => {
    if (!isPlaying || wanted >= last) { isPlaying = false; $("play").textContent = "play"; show(); return; }
    owed += (((now - before) * 60) / 1001) * Number($("speed").value); before = now;
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
$("gain").addEventListener("change", () => { shown = null; show(); });
$("seek").addEventListener("input", () => go(first + Number($("seek").value)));
$("frame").addEventListener("change", () => go(Number($("frame").value)));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
  if (event.key === "ArrowLeft") go(wanted - (event.shiftKey ? 30 : 1));
  else if (event.key === "ArrowRight") go(wanted + (event.shiftKey ? 30 : 1));
  else if (event.key === " " && !["BUTTON", "A", "SUMMARY"].includes(event.target.tagName)) play();
  else return;
  event.preventDefault();
});
if (last < first) $("message").textContent = "The two have no frame in common.";
else if (typeof VideoDecoder === "undefined") $("message").textContent = "This web browser has no WebCodecs: use a newer one, over https or on this machine's own address.";
else go(/^#-?\d+$/.test(location.hash) ? Number(location.hash.slice(1)) : first);
if (last >= first) measureAll().then(measureNear);
