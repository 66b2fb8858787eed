// A chunk's evidence as small curves, measured by the server when they come into sight.
import { chart } from "./charts.js";

/** Two curves of a chunk: correlation over lags, and how much of the predicted motion each window shows. */
function drawCurves(list, number, found) {
  const words = document.createElement("p"), row = document.createElement("div"), [left, right] = [document.createElement("div"), document.createElement("div")];
  words.textContent = `chunk ${number}: ${found.detail}; best lag ${found.best_lag}, next ${found.runner_up_lag}, margin ${found.margin}`;
  row.className = "curves"; row.append(left, right);
  list.append(words, row);
  chart(left, { caption: `Chunk ${number}: how well pictures move as the state says, if they were shifted`, xLabel: "shift in frames; 0 is right", yLabel: "correlation", x: found.lags, series: [{ label: "correlation", values: found.correlation }], marks: [0], height: 150 });
  const share = found.windows.share.map((value) => (value === null ? null : Math.max(-0.5, Math.min(2, value))));
  chart(right, { caption: `Chunk ${number}: motion seen for each part predicted; about 1 is right`, xLabel: "slp_frame", yLabel: "seen / predicted", x: found.windows.slp_frame, yRange: [-0.5, 2],
    series: [{ label: "sound", values: share.map((value, k) => (found.windows.is_broken[k] ? null : value)), points: true }, { label: "broken", values: share.map((value, k) => (found.windows.is_broken[k] ? value : null)), points: true }], height: 150 });
}

async function measure(root, chunks) {
  const list = document.getElementById("curve-list"), message = document.getElementById("curves-message");
  try {
    for (let number = 0; number < chunks; number++) {
      message.textContent = `measuring chunk ${number + 1} of ${chunks} ...`;
      const answer = await fetch(`${root.dataset.game}/evidence-${number}.json`), found = await answer.json();
      if (!answer.ok) throw new Error(found.error);
      drawCurves(list, number, found);
    }
    message.textContent = "Measured anew from the dataset's files.";
  } catch (error) { message.textContent = String(error.message ?? error); }
  list.dataset.ready = "1";
}

/** Measure once somebody looks there: it keeps a core of the server busy for seconds a chunk. */
export function curvesInSight(root, chunks) {
  const list = document.getElementById("curve-list");
  if (!document.getElementById("curves-message")) return;
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    measure(root, chunks);
  });
  seen.observe(list);
}
