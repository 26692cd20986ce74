// What makes the site quicker to use. Every page works without it.

// Keys. None is taken from somebody who types, or who holds a key that is the browser's.
const rows = [...document.querySelectorAll("[data-rows] tbody tr")];
const keys = document.getElementById("keys");
let at = -1;

function go(to) {
  if (rows.length === 0) return;
  rows[at]?.removeAttribute("data-at");
  at = Math.max(0, Math.min(rows.length - 1, to));
  rows[at].setAttribute("data-at", "");
  rows[at].querySelector("[data-open] a")?.focus();
}

const acts = {
  "/": () => (document.querySelector("[data-key='/']") ?? document.getElementById("search-all"))?.focus(),
  j: () => go(at + 1),
  k: () => go(at - 1),
  x: () => rows[at]?.querySelector("input[type=checkbox]")?.click(),
  e: () => (rows[at] ?? document).querySelector("a[data-edit]")?.click(),
  "?": () => keys?.showModal(),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.closest("input:not([type=checkbox]), textarea, select, dialog");
  // Behind an open dialog nothing can have the focus, so what is typed would be taken for keys.
  if (typing || keys?.open || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(acts, event.key)) return;
  event.preventDefault();
  acts[event.key]();
});

document.querySelector("[data-rows]")?.addEventListener("focusin", (event) => {
  const row = event.target.closest("tbody tr");
  if (row && rows.indexOf(row) !== at) {
    rows[at]?.removeAttribute("data-at");
    at = rows.indexOf(row);
    row.setAttribute("data-at", "");
  }
});

// Whoever leaves a form that they have filled in is asked once more.
for (const form of document.querySelectorAll("form[data-unsaved]")) {
  let changed = form.querySelector("[aria-invalid], .theirs") !== null;
  form.addEventListener("input", () => (changed = true));
  form.addEventListener("submit", () => (changed = false));
  addEventListener("beforeunload", (event) => changed && event.preventDefault());
}

// Rows are found as one types.
for (const picker of document.querySelectorAll("[data-pick]")) {
  const select = picker.querySelector("select");
  const search = picker.querySelector("input[type=search]");
  picker.querySelector("button").hidden = true;
  let asked = 0;
  let wait;
  search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  search.addEventListener("input", (event) => {
    event.stopPropagation();
    clearTimeout(wait);
    wait = setTimeout(async () => {
      const mine = ++asked;
      picker.setAttribute("aria-busy", "true");
      const answer = await fetch(`${picker.dataset.pick}?q=${encodeURIComponent(search.value)}`, { headers: { accept: "application/json" } });
      if (mine !== asked) return;
      picker.removeAttribute("aria-busy");
      if (!answer.ok) return;
      const chosen = select.selectedOptions[0];
      const found = (await answer.json()).filter((row) => row.key !== chosen?.value).map((row) => new Option(row.name, row.key));
      select.replaceChildren(...(chosen && chosen.value ? [new Option("–", "")] : []), ...(chosen ? [chosen] : []), ...found);
      picker.dataset.found = search.value;
    }, 150);
  });
}

// A list says that it is on its way.
addEventListener("pagehide", () => document.body.removeAttribute("aria-busy"));
document.addEventListener("submit", (event) => !event.defaultPrevented && document.body.setAttribute("aria-busy", "true"));
