// Filters, order and pages of the games table without loading the whole page anew. The addresses are the server's own, so
// the page does the same without this script, only slower.
const main = document.getElementById("main"), form = document.querySelector("form.filters");
const PARTS = ["p[role=status]", "thead", "tbody"];
let asked = 0;

async function show(address) {
  const turn = ++asked;
  main.setAttribute("aria-busy", "true");
  document.querySelectorAll("tbody img").forEach((image) => image.removeAttribute("src")); // nobody waits for these any more
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(String(answer.status));
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (turn !== asked) return; // another filter was chosen meanwhile
    for (const part of PARTS) document.querySelector(part).replaceWith(found.querySelector(part));
    for (const name of ["sort", "descending"]) form.elements[name].value = found.querySelector(`form.filters [name=${name}]`).value;
    main.removeAttribute("aria-busy");
    dispatchEvent(new Event("shown"));
  } catch { location.reload(); }
}

function go(address) {
  if (address !== location.href) history.pushState(null, "", address);
  show(address);
}

function formAddress() {
  const filled = [...new FormData(form)].filter(([, value]) => value);
  return new URL(`${form.getAttribute("action")}?${new URLSearchParams(filled)}`, location.href).href;
}

form.addEventListener("change", () => go(formAddress()));
form.addEventListener("submit", (event) => { event.preventDefault(); go(formAddress()); });
main.addEventListener("click", (event) => {
  const link = event.target.closest?.("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || new URL(link.href).pathname !== location.pathname) return;
  event.preventDefault();
  go(link.href);
});
addEventListener("popstate", () => location.reload());
