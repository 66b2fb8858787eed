// The stage from its front, with its platforms and blast zone, and where the fighters are.
export function drawMap(canvas, state, row, colours) {
  const pen = canvas.getContext("2d"), stage = state.stage, style = getComputedStyle(document.body);
  const [left, right, bottom, top] = stage.blast ?? [-200, 200, -100, 190];
  const scale = Math.min((canvas.width - 8) / (right - left), (canvas.height - 8) / (top - bottom));
  const at = (x, y) => [canvas.width / 2 + (x - (left + right) / 2) * scale, canvas.height / 2 - (y - (top + bottom) / 2) * scale];
  const line = (x0, y0, x1, y1) => { pen.beginPath(); pen.moveTo(...at(x0, y0)); pen.lineTo(...at(x1, y1)); pen.stroke(); };
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.lineWidth = 1; pen.strokeStyle = style.getPropertyValue("--soft"); pen.setLineDash([4, 4]);
  pen.strokeRect(...at(left, top), (right - left) * scale, (top - bottom) * scale);
  pen.setLineDash([]); pen.lineWidth = 2.5; pen.strokeStyle = style.color;
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
