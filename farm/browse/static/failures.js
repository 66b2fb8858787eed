// A table of games that failed or were set aside: when, which, where, why.
import { element } from "./elements.js";

const when = (seconds) => (Math.abs(seconds) < 1e11 ? new Date(seconds * 1000).toISOString().slice(5, 19).replace("T", " ") : "?");

/**
 * @param label what the table is, for who cannot see it
 * @param found [{at: seconds since the epoch, game_id, node: only where it is known of any, failure, detail}], the newest first
 */
export function failureTable(label, found) {
  const hasNode = found.some((each) => each.node !== undefined), region = element("div", undefined, { class: "scroll", tabindex: 0, role: "region", "aria-label": label });
  const table = element("table"), top = element("thead"), head = element("tr"), body = element("tbody");
  head.append(...["month-day time, UTC", "game", ...(hasNode ? ["machine"] : []), "failure", "detail"].map((name) => element("th", name, { scope: "col" })));
  for (const each of found) {
    const row = element("tr"), node = hasNode ? [element("td", (each.node ?? "").slice(0, 12))] : [];
    row.append(element("td", when(each.at)), element("td", each.game_id.slice(0, 12)), ...node, element("td", each.failure.replaceAll("_", " ")), element("td", each.detail, { class: "told" }));
    body.append(row);
  }
  top.append(head);
  table.append(top, body);
  region.append(table);
  return region;
}
