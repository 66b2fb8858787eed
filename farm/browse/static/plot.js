// One column of a chunk over its frames, with a line at the frame that is shown.
const columns = new Map(); // "chunk:name" -> values, or null while they come

function valuesOf(state, name, chunkNumber, address, arrived) {
  const [who, field] = name.split("."), player = /^p\d$/.test(who) ? state.players[Number(who[1])] : null;
  if (player && field in player) return player[field];
  const key = `${chunkNumber}:${name}`;
  if (!columns.has(key)) {
    columns.set(key, null);
    fetch(`${address}/chunk-${chunkNumber}/${name}.json`).then((answer) => answer.json()).then((values) => { columns.set(key, values); arrived(); });
  }
  return columns.get(key);
}

/** Draw the chosen column; `arrived` is called when values that had to be fetched are there. */
export function drawPlot(game, state, row, chunkNumber, address, arrived) {
  const select = document.getElementById("column");
  if (!select.options.length) {
    const loaded = state.players.flatMap((player, number) => Object.keys(player).map((name) => `p${number}.${name}`));
    const names = game.columns.length ? [...loaded, ...game.columns.filter((name) => !loaded.includes(name))] : loaded;
    names.forEach((name) => select.add(new Option(name)));
    select.value = "p0.percent";
  }
  const values = valuesOf(state, select.value, chunkNumber, address, arrived), canvas = document.getElementById("plot"), pen = canvas.getContext("2d");
  if (canvas.width !== canvas.clientWidth) canvas.width = canvas.clientWidth;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  if (!values) return;
  const known = values.filter((value) => value !== null).map(Number);
  const least = known.reduce((a, b) => Math.min(a, b), Infinity), most = known.reduce((a, b) => Math.max(a, b), least + 1e-6);
  const x = (k) => (k / Math.max(1, values.length - 1)) * canvas.width, y = (v) => 130 - ((v - least) / (most - least)) * 112;
  pen.strokeStyle = "#58c"; pen.beginPath();
  values.forEach((value, k) => { if (value !== null) pen.lineTo(x(k), y(Number(value))); else pen.moveTo(x(k), 130); });
  pen.stroke();
  pen.strokeStyle = "#d33"; pen.beginPath(); pen.moveTo(x(row), 0); pen.lineTo(x(row), 140); pen.stroke();
  pen.fillStyle = getComputedStyle(document.body).color; pen.font = "12px sans-serif";
  pen.fillText(`${select.value}: ${values[row] ?? "not recorded"}${known.length ? `   (${least.toPrecision(4)} to ${most.toPrecision(4)})` : ""}`, 6, 12);
}
