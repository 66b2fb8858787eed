// A GameCube controller as it is held in one frame: every stick and button where the real one has it, with its name.
const DOWN = "#d33";
const ROUND = [["A", 0x100, 214, 46, 15], ["B", 0x200, 184, 62, 10]]; // name, bit in `buttons`, centre and radius
const LONG = [["X", 0x400, 240, 30, 10, 22], ["Y", 0x800, 194, 14, 26, 10], ["Z", 0x10, 226, 2, 34, 8], ["L", 0x40, 8, 2, 70, 9], ["R", 0x20, 148, 2, 70, 9], ["START", 0x1000, 122, 44, 36, 14]];
const CROSS = [["up", 0x8, 0, -1], ["down", 0x4, 0, 1], ["left", 0x1, -1, 0], ["right", 0x2, 1, 0]];
export const PAD_WIDTH = 280, PAD_HEIGHT = 136;

/** Draw what a player holds; `value(name)` gives a column's value in the frame, or null. */
export function drawPad(canvas, value, colour) {
  const scale = Math.max(1, Math.round(devicePixelRatio * 2) / 2), pen = canvas.getContext("2d"), ink = getComputedStyle(document.body).color;
  if (canvas.width !== PAD_WIDTH * scale) { canvas.width = PAD_WIDTH * scale; canvas.height = PAD_HEIGHT * scale; }
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, PAD_WIDTH, PAD_HEIGHT);
  pen.lineWidth = 1.5; pen.textAlign = "center"; pen.textBaseline = "middle";
  const pressed = value("buttons") ?? 0;
  const key = (name, bit, draw, x, y, size) => {
    const isDown = Boolean(pressed & bit);
    pen.beginPath(); draw();
    pen.strokeStyle = isDown ? DOWN : ink; pen.fillStyle = DOWN; pen.globalAlpha = isDown ? 1 : 0.45;
    if (isDown) pen.fill();
    pen.stroke(); pen.globalAlpha = isDown ? 1 : 0.8;
    pen.fillStyle = isDown ? "#fff" : ink; pen.font = `bold ${size}px system-ui, sans-serif`; pen.fillText(name, x, y + 0.5);
    pen.globalAlpha = 1;
  };
  for (const [name, bit, x, y, r] of ROUND) key(name, bit, () => pen.arc(x, y, r, 0, 7), x, y, r > 12 ? 15 : 12);
  const trigger = Math.max(0, Math.min(1, value("trigger") ?? 0));
  for (const [name, bit, x, y, w, h] of LONG) key(name, bit, () => pen.roundRect(x, y, w, h, Math.min(w, h) / 2), x + w / 2, y + h / 2, 9);
  pen.strokeStyle = ink; pen.globalAlpha = 0.45; pen.strokeRect(8, 14, 70, 5); pen.globalAlpha = 1; // how far a shoulder is pressed
  pen.fillStyle = colour; pen.fillRect(8, 14, 70 * trigger, 5);
  for (const [, bit, dx, dy] of CROSS) {
    pen.globalAlpha = pressed & bit ? 1 : 0.3; pen.fillStyle = pressed & bit ? DOWN : ink;
    pen.fillRect(100 + dx * 10 - 4, 96 + dy * 10 - 4, 8, 8); pen.globalAlpha = 1;
  }
  pen.fillStyle = ink; pen.font = "11px system-ui, sans-serif"; pen.fillText("D-pad", 100, 121);
  stick(pen, "main", 44, 62, 30, value("main_x"), value("main_y"), colour, ink);
  stick(pen, "C", 190, 98, 22, value("c_x"), value("c_y"), "#c90", ink);
}

function stick(pen, name, x, y, radius, right, up, colour, ink) {
  pen.strokeStyle = ink; pen.globalAlpha = 0.6;
  pen.beginPath();
  for (let k = 0; k < 8; k++) pen.lineTo(x + radius * Math.cos((k * Math.PI) / 4), y + radius * Math.sin((k * Math.PI) / 4)); // the gate
  pen.closePath(); pen.stroke();
  pen.globalAlpha = 1;
  const [toX, toY] = [x + (radius - 7) * (right ?? 0), y - (radius - 7) * (up ?? 0)];
  pen.strokeStyle = pen.fillStyle = colour; pen.lineWidth = 3;
  pen.beginPath(); pen.moveTo(x, y); pen.lineTo(toX, toY); pen.stroke();
  pen.beginPath(); pen.arc(toX, toY, 7, 0, 7); pen.fill();
  pen.lineWidth = 1.5; pen.fillStyle = ink; pen.font = "11px system-ui, sans-serif"; pen.textAlign = "center";
  pen.fillText(name, x, y + radius + 9);
}

/** What a player holds, in words, for who does not see the drawing. */
export function padWords(value) {
  const pressed = value("buttons") ?? 0, held = [...ROUND, ...LONG].filter(([, bit]) => pressed & bit).map(([name]) => name);
  const cross = CROSS.filter(([, bit]) => pressed & bit).map(([name]) => `D-pad ${name}`);
  const at = (x, y) => `${(x ?? 0).toFixed(2)} ${(y ?? 0).toFixed(2)}`;
  return `${[...held, ...cross].join(" ") || "no button"}; main stick ${at(value("main_x"), value("main_y"))}; C-stick ${at(value("c_x"), value("c_y"))}; trigger ${(value("trigger") ?? 0).toFixed(2)}`;
}
