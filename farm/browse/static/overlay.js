// What is drawn over a game's picture on request: boxes around the fighters, and events as they happen.
export const COLOURS = ["#ff6060", "#60a0ff", "#60dc78", "#f0c850"]; // of players, as in clips
const EVENT_FRAMES = 60; // how long an event stays
const MOST_EVENTS = 6;

/** An event in words. */
export function eventWords([frame, kind, fighter, other, value]) {
  const by = other === null ? "" : kind === "throw" ? ` throws p${other}` : ` by p${other}`;
  return `${frame}: ${kind.replaceAll("_", " ")}, ${fighter}${by}${value === null ? "" : ` (${value})`}`;
}

export class Overlay {
  constructor(canvas, address) {
    this.canvas = canvas; this.address = address;
    this.events = []; this.boxes = null;
    this.showsBoxes = this.showsEvents = false;
  }

  /** Fetch the boxes, once; returns why there are none, or "". */
  async loadBoxes() {
    if (this.boxes === null) {
      const answer = await fetch(`${this.address}/boxes.json`);
      this.boxes = answer.ok ? await answer.json() : { why: `the boxes cannot be read: ${answer.status}`, fighters: {} };
    }
    return this.boxes.why;
  }

  draw(slpFrame, width, height) {
    const pen = this.canvas.getContext("2d");
    if (this.canvas.width !== width || this.canvas.height !== height) { this.canvas.width = width; this.canvas.height = height; }
    pen.clearRect(0, 0, width, height);
    if (this.showsBoxes && this.boxes) this.drawBoxes(pen, slpFrame - this.boxes.first_slp_frame);
    if (this.showsEvents) this.drawEvents(pen, slpFrame, height);
  }

  drawBoxes(pen, row) {
    pen.lineWidth = 2; pen.font = "bold 14px system-ui, sans-serif";
    for (const [fighter, rows] of Object.entries(this.boxes.fighters)) {
      const box = rows[row];
      if (!box) continue;
      const [left, top, right, bottom] = box;
      pen.strokeStyle = pen.fillStyle = COLOURS[Number(fighter[1]) % COLOURS.length];
      pen.strokeRect(left + 1, top + 1, right - left - 2, bottom - top - 2);
      pen.fillText(fighter, left + 2, Math.max(12, top - 4));
    }
  }

  drawEvents(pen, slpFrame, height) {
    const recent = this.events.filter(([frame]) => frame <= slpFrame && slpFrame - frame < EVENT_FRAMES).slice(-MOST_EVENTS);
    pen.font = "bold 16px system-ui, sans-serif";
    recent.forEach((event, k) => {
      const words = eventWords(event), y = height - 40 - 24 * (recent.length - 1 - k);
      pen.globalAlpha = 1 - (0.7 * (slpFrame - event[0])) / EVENT_FRAMES;
      pen.fillStyle = "rgba(0, 0, 0, 0.7)"; pen.fillRect(8, y - 17, pen.measureText(words).width + 22, 23);
      pen.fillStyle = COLOURS[Number(event[2][1]) % COLOURS.length]; pen.fillRect(8, y - 17, 5, 23);
      pen.fillStyle = "#fff"; pen.fillText(words, 20, y);
      pen.globalAlpha = 1;
    });
  }
}
