// One game's pictures, decoded frame by frame. Every picture is decoded from its GOP's own bytes, fetched by range, so
// that the picture of a frame is its own, never the nearest one that a media element would seek to.
export const FIRST_SLP_FRAME = -123;
const MOST_KEPT = 6; // GOPs decoded and kept, 30 frames each

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

export class GameVideo {
  /** `game` is what games/ID.json says, `files` the address below which the dataset's objects are. */
  constructor(game, files) {
    this.game = game; this.files = files;
    this.starts = []; // of each chunk, in frames of the game
    this.numFrames = 0;
    for (const chunk of game.chunks) { this.starts.push(this.numFrames); this.numFrames += chunk.num_frames; }
    this.decoded = new Map(); // "chunk:gop" -> promise of VideoFrames
    this.whole = new Map(); // one video, where the server knows no ranges
  }

  /** Where frame number `frame` of the game lies: its chunk, its index in it, its GOP and the picture's number there. */
  place(frame) {
    let chunkNumber = this.starts.length - 1;
    while (this.starts[chunkNumber] > frame) chunkNumber--;
    const index = frame - this.starts[chunkNumber], firsts = this.game.chunks[chunkNumber].gops.first_frame_index;
    let gop = firsts.length - 1;
    while (firsts[gop] > index) gop--;
    return { chunkNumber, index, gop, within: Math.floor((index - firsts[gop]) / this.game.picture_step) };
  }

  /** The VideoFrame of a frame of the game; it is drawn at once or never, as it is closed when others take its place. */
  async picture(frame) {
    const at = this.place(frame);
    return (await this.gop(at.chunkNumber, at.gop))[at.within];
  }

  /** Begin to decode what is played soon. */
  prefetch(frame) {
    const at = this.place(Math.max(0, Math.min(frame, this.numFrames - 1)));
    this.gop(at.chunkNumber, at.gop).catch(() => {});
  }

  gop(chunkNumber, gop) {
    const key = `${chunkNumber}:${gop}`;
    if (!this.decoded.has(key)) {
      this.decoded.set(key, this.decode(chunkNumber, gop));
      while (this.decoded.size > MOST_KEPT) {
        const [oldest, frames] = this.decoded.entries().next().value;
        this.decoded.delete(oldest);
        frames.then((each) => each.forEach((frame) => frame.close()), () => {});
      }
    }
    return this.decoded.get(key);
  }

  async decode(chunkNumber, gop) {
    const chunk = this.game.chunks[chunkNumber], avcc = bytesOf(chunk.avcc);
    const first = chunk.gops.byte_offset[gop], last = first + chunk.gops.byte_size[gop] - 1;
    const units = pictures(await this.range(chunk.video, first, last), avcc);
    const frames = [], hex = (byte) => byte.toString(16).padStart(2, "0");
    let failure = null;
    const decoder = new VideoDecoder({ output: (frame) => frames.push(frame), error: (error) => { failure = error; } });
    decoder.configure({ codec: `avc1.${hex(avcc[1])}${hex(avcc[2])}${hex(avcc[3])}`, description: avcc, optimizeForLatency: true });
    units.forEach((data, k) => decoder.decode(new EncodedVideoChunk({ type: k ? "delta" : "key", timestamp: k, data })));
    await decoder.flush();
    decoder.close();
    const expected = chunk.gops.num_pictures[gop];
    if (failure || frames.length !== expected) throw failure ?? new Error(`${frames.length} pictures decoded from a GOP of ${expected}`);
    return frames.sort((one, other) => one.timestamp - other.timestamp);
  }

  /** Bytes first to last of a file. A server without ranges gives the whole file, which is then kept. */
  async range(key, first, last) {
    if (!this.whole.has(key)) {
      const answer = await fetch(this.files + key, { headers: { Range: `bytes=${first}-${last}` } });
      if (answer.status === 206) return new Uint8Array(await answer.arrayBuffer());
      if (answer.status !== 200) throw new Error(`the video cannot be read: ${answer.status}`);
      this.whole.clear();
      this.whole.set(key, new Uint8Array(await answer.arrayBuffer()));
    }
    return this.whole.get(key).subarray(first, last + 1);
  }
}
