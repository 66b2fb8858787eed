// The games page of an export: filters, order and page from the address, rows from games.json, all in the web browser.
import { element, number, size } from "./elements.js";

const PER_PAGE = 100;
const SORTS = {
  game: (game) => game.game_id, stage: (game) => game.stage_name, characters: (game) => game.characters.join(" vs "), frames: (game) => game.num_frames,
  split: (game) => game.split, date: (game) => game.start_at, bytes: (game) => game.video_bytes, motion: (game) => game.motion_margin,
  hits: (game) => game.hits, deaths: (game) => game.deaths,
};
const asked = new URLSearchParams(location.search);
const filters = Object.fromEntries(["stage", "character", "versus", "split", "text", "min_frames", "max_frames", "since", "until", "sort", "descending"].map((name) => [name, asked.get(name) ?? ""]));
if (!(filters.sort in SORTS)) filters.sort = "game";
const page = Math.max(0, parseInt(asked.get("page") ?? "0", 10) || 0);
const address = (changes) => {
  const kept = Object.entries({ ...filters, page: 0, ...changes }).filter(([, value]) => value);
  return kept.length ? `games.html?${new URLSearchParams(kept)}` : "games.html";
};

function passes(game) {
  return (!filters.stage || game.stage_name === filters.stage)
    && (!filters.character || (game.characters_seen?.map((seen) => seen.character_name) ?? game.characters).includes(filters.character))
    && (!filters.versus || (filters.versus === filters.character ? game.characters.filter((name) => name === filters.versus).length > 1 : (game.characters_seen?.map((seen) => seen.character_name) ?? game.characters).includes(filters.versus)))
    && (!filters.split || game.split === filters.split)
    && (!filters.min_frames || game.num_frames >= Number(filters.min_frames))
    && (!filters.max_frames || game.num_frames <= Number(filters.max_frames))
    && (!filters.since || (game.start_at !== null && game.start_at.slice(0, 10) >= filters.since))
    && (!filters.until || (game.start_at !== null && game.start_at.slice(0, 10) <= filters.until))
    && (!filters.text || game.game_id.startsWith(filters.text) || game.player_hashes.some((hash) => hash?.startsWith(filters.text)));
}

function inOrder(one, other) {
  const [a, b] = [SORTS[filters.sort](one), SORTS[filters.sort](other)];
  if (a === b || (a === null && b === null)) return one.game_id < other.game_id ? -1 : 1;
  if (a === null || b === null) return a === null ? 1 : -1;
  return (a < b ? -1 : 1) * (filters.descending ? -1 : 1);
}

function line(game) {
  const made = element("tr"), picture = element("td"), name = element("th", undefined, { scope: "row" });
  picture.append(element("img", undefined, { src: `games/${game.game_id}/thumbnail.jpg`, width: 80, height: 60, loading: "lazy", alt: "" }));
  name.append(element("a", game.game_id.slice(0, 12), { href: `games/${game.game_id}.html` }));
  const figure = (text) => element("td", text, { class: "number" });
  made.append(picture, name, element("td", game.stage_name), element("td", game.characters.join(" vs ")), figure(number(game.num_frames)),
    element("td", game.split ?? ""), figure((game.start_at ?? "").slice(0, 10)), figure(size(game.video_bytes)),
    figure(game.motion_margin === null ? "" : game.motion_margin.toFixed(1)),
    figure(game.hits === null ? "" : number(game.hits)), figure(game.deaths === null ? "" : number(game.deaths)), element("td", game.agreed.join(", ")),
    element("td", game.player_hashes.map((hash) => (hash ?? "none").slice(0, 8)).join(" ")));
  return made;
}

const form = document.querySelector("form.filters");
for (const [name, value] of Object.entries(filters)) if (form.elements[name]) form.elements[name].value = value;
document.querySelectorAll("th[data-sort]").forEach((head) => {
  const name = head.dataset.sort, isThis = name === filters.sort;
  head.querySelector("a").href = address({ sort: name, descending: isThis && !filters.descending ? "1" : "" });
  if (isThis) head.setAttribute("aria-sort", filters.descending ? "descending" : "ascending"); else head.removeAttribute("aria-sort");
});
const status = document.querySelector("p[role=status]");
try {
  const { names, rows } = await (await fetch("games.json")).json();
  const found = rows.map((row) => Object.fromEntries(names.map((name, k) => [name, row[k]]))).filter(passes).sort(inOrder);
  const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
  document.querySelector("tbody").replaceChildren(...found.slice(page * PER_PAGE, (page + 1) * PER_PAGE).map(line));
  status.textContent = `${number(found.length)} games, page ${page + 1} of ${number(pages)} `;
  if (page) status.append(element("a", "previous", { href: address({ page: page - 1 }) }), " ");
  if (page + 1 < pages) status.append(element("a", "next", { href: address({ page: page + 1 }) }));
} catch (error) { status.textContent = `The games cannot be read: ${error.message ?? error}`; }
document.body.dataset.ready = "1";
