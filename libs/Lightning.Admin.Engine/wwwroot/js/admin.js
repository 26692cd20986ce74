// Optional enhancements: every page works without this script.

// Keyboard shortcuts, ignored while typing or with a modifier key.
const rows = [...document.querySelectorAll('[data-rows] tbody tr')];
const keys = document.getElementById('keys');
let at = -1;

function go(to) {
  if (rows.length === 0) return;
  rows[at]?.removeAttribute('data-at');
  at = Math.max(0, Math.min(rows.length - 1, to));
  rows[at].setAttribute('data-at', '');
  rows[at].querySelector('[data-open] a')?.focus();
}

const acts = {
  '/': () => (document.querySelector("[data-key='/']") ?? document.getElementById('search-all'))?.focus(),
  j: () => go(at + 1),
  k: () => go(at - 1),
  x: () => rows[at]?.querySelector('input[type=checkbox]')?.click(),
  e: () => (rows[at] ?? document).querySelector('a[data-edit]')?.click(),
  '?': () => keys?.showModal(),
};

document.addEventListener('keydown', (event) => {
  const typing =
    event.target instanceof Element && event.target.closest('input:not([type=checkbox]), textarea, select, dialog');
  // Behind an open dialog nothing has the focus, so typing would trigger shortcuts.
  if (typing || keys?.open || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(acts, event.key)) return;
  event.preventDefault();
  acts[event.key]();
});

document.querySelector('[data-rows]')?.addEventListener('focusin', (event) => {
  const row = event.target.closest('tbody tr');
  if (row && rows.indexOf(row) !== at) {
    rows[at]?.removeAttribute('data-at');
    at = rows.indexOf(row);
    row.setAttribute('data-at', '');
  }
});

const help = document.querySelector('[data-keys]');
if (help) {
  help.hidden = false;
  help.addEventListener('click', acts['?']);
}

// Select all rows of the page, or a range with Shift; the number of selected rows is announced.
const all = document.querySelector('[data-all]');
if (all) {
  const boxes = [...document.querySelectorAll('[data-rows] tbody .tick input')];
  const every = document.querySelector('.bulk [name=all]');
  let last = null;
  const tell = () => {
    const chosen = boxes.filter((box) => box.checked);
    all.checked = chosen.length > 0 && chosen.length === boxes.length;
    all.indeterminate = chosen.length > 0 && !all.checked;
    document.querySelector('[data-chosen]')?.replaceChildren(chosen.length > 0 ? ` (${chosen.length})` : '');
    offer(chosen);
  };
  // Each action says how many of the selected rows it applies to; one that applies to none cannot be chosen.
  const offer = (chosen) => {
    const select = document.getElementById('action');
    for (const option of select?.options ?? []) {
      const count = chosen.filter((box) => box.dataset.acts.split(' ').includes(option.value)).length;
      const counts = chosen.length > 0 && !every.checked;
      option.dataset.title ??= option.textContent;
      option.textContent =
        option.dataset.title + (counts && count < chosen.length ? ` (${count} of ${chosen.length})` : '');
      option.disabled = counts && count === 0;
    }
    if (select?.selectedOptions[0]?.disabled)
      select.value = [...select.options].find((option) => !option.disabled)?.value ?? select.value;
  };
  every?.addEventListener('change', tell);
  all.hidden = boxes.length === 0;
  all.addEventListener('change', () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  });
  for (const box of boxes)
    box.addEventListener('click', (event) => {
      const [from, to] = [boxes.indexOf(last ?? box), boxes.indexOf(box)].sort((one, other) => one - other);
      if (event.shiftKey) for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
      last = box;
      tell();
    });
  // Browsers restore the checkboxes when navigating back.
  addEventListener('pageshow', tell);
}

// A file that is too large is refused before it is sent.
for (const input of document.querySelectorAll('input[type=file][data-max]'))
  input.addEventListener('change', () => {
    const size = input.files[0]?.size ?? 0;
    input.setCustomValidity(size > Number(input.dataset.max) ? input.dataset.tooLarge : '');
    input.reportValidity();
  });

// Links back to a list restore its last state.
const list = document.querySelector('[data-list]');
// Do not leave it to the next user of the browser.
document.querySelector('[data-sign-out]')?.addEventListener('submit', () => sessionStorage.clear());
if (list && list.dataset.list !== '-') sessionStorage.setItem(location.pathname, list.dataset.list);
else
  for (const link of document.querySelectorAll('.trail a, a[data-back]')) {
    if (!link.search) link.search = sessionStorage.getItem(link.pathname) ?? '';
  }
for (const from of document.querySelectorAll('input[data-from]'))
  from.value ||= sessionStorage.getItem(from.dataset.from) ?? '';

document.querySelector('.lists [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });

// Menus close on an outside click, a selection or Escape.
document.addEventListener('click', (event) => {
  for (const menu of document.querySelectorAll('.menu[open]')) if (!menu.contains(event.target)) menu.open = false;
});
for (const menu of document.querySelectorAll('.menu')) {
  const close = () => {
    menu.open = false;
    menu.querySelector('summary').focus();
  };
  menu.addEventListener('keydown', (event) => event.key === 'Escape' && menu.open && close());
  for (const link of menu.querySelectorAll('a')) link.addEventListener('click', close);
}

// Ask before leaving a form with unsaved input.
for (const form of document.querySelectorAll('form[data-unsaved]')) {
  let changed = form.dataset.unsaved === 'yes';
  form.addEventListener('input', () => (changed = true));
  form.addEventListener('submit', () => (changed = false));
  addEventListener('beforeunload', (event) => {
    if (!changed) return;
    event.preventDefault();
    // Timers run only after the user decided to stay.
    setTimeout(rest);
  });
}

// Pickers search as the user types. Selected rows stay, before the matches.
function showOptions(picker, found) {
  const select = picker.querySelector('select');
  const chosen = select.selectedOptions[0];
  const others = found.filter((row) => row.key !== chosen?.value).map((row) => new Option(row.name, row.key));
  select.replaceChildren(
    ...(chosen && chosen.value ? [new Option('–', '')] : []),
    ...(chosen ? [chosen] : []),
    ...others,
  );
}

function showBoxes(picker, found) {
  const list = picker.querySelector('ul');
  const chosen = [...list.children].filter((row) => row.querySelector('input').matches(':checked, [checked]'));
  const keys = chosen.map((row) => row.querySelector('input').value);
  const others = found
    .filter((row) => !keys.includes(row.key))
    .map((row) => {
      const [item, label, box] = ['li', 'label', 'input'].map((name) => document.createElement(name));
      Object.assign(box, { type: 'checkbox', name: `${picker.dataset.name}[]`, value: row.key });
      label.append(box, ` ${row.name}`);
      item.append(label);
      return item;
    });
  list.replaceChildren(...chosen, ...others);
}

const describeCount = (rows) => (rows === 0 ? 'No matches.' : rows === 1 ? '1 match.' : `${rows} matches.`);

for (const picker of document.querySelectorAll('[data-pick]')) {
  const show = picker.querySelector('select') ? showOptions : showBoxes;
  const search = picker.querySelector('input[type=search]');
  picker.querySelector('button').hidden = true;
  let asked = 0;
  let wait;
  search.addEventListener('keydown', (event) => event.key === 'Enter' && event.preventDefault());
  search.addEventListener('input', (event) => {
    event.stopPropagation();
    clearTimeout(wait);
    wait = setTimeout(async () => {
      const mine = ++asked;
      const says = picker.querySelector('[data-left]');
      picker.setAttribute('aria-busy', 'true');
      says.textContent = 'Searching…';
      const answer = await fetch(`${picker.dataset.pick}?q=${encodeURIComponent(search.value)}`, {
        headers: { accept: 'application/json' },
      }).catch(() => null);
      if (mine !== asked) return;
      picker.removeAttribute('aria-busy');
      if (!answer?.ok) {
        says.textContent = 'The search failed. Try again.';
        return;
      }
      const { rows, leftOut } = await answer.json();
      show(picker, rows);
      says.textContent = `${describeCount(rows.length)} ${leftOut}`.trim();
      picker.dataset.found = search.value;
    }, 150);
  });
}

// An export is streamed: rows are counted as they arrive, and an incomplete file is discarded.
function rowCounter(format) {
  let [rows, quoted, escaped, depth] = [format === 'csv' ? -1 : 0, false, false, 0];
  return (octets) => {
    for (const octet of octets) {
      if (escaped) escaped = false;
      else if (quoted && octet === 92 && format === 'json') escaped = true;
      else if (octet === 34) quoted = !quoted;
      else if (quoted) continue;
      else if (format === 'csv') rows += octet === 10;
      else if (octet === 123 || octet === 91) depth++;
      else if (octet === 125 || octet === 93) rows += --depth === 1 && octet === 125;
    }
    return Math.max(0, rows);
  };
}

async function download(link, says, stop) {
  const given = new AbortController();
  stop.hidden = false;
  stop.onclick = () => given.abort();
  const answer = await fetch(link.href, { signal: given.signal });
  // The export limit is reached: show the problem and stay on the list.
  if (answer.status === 429 || answer.status === 503) return void (says.textContent = (await answer.json()).detail);
  const name = /filename="([^"]*)"/.exec(answer.headers.get('content-disposition') ?? '')?.[1];
  // Any other failure, such as a signed-out session: let the page explain it.
  if (!answer.ok || !name) return location.assign(link.href);
  const [count, parts, reader] = [rowCounter(link.dataset.export), [], answer.body.getReader()];
  let [rows, size, told] = [0, 0, 0];
  const soFar = () => `${rows.toLocaleString('en')} rows, ${(size / 1e6).toFixed(1)} MB`;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    size += part.value.length;
    rows = count(part.value);
    if (performance.now() - told < 500) continue;
    told = performance.now();
    says.textContent = `Writing ${name}: ${soFar()} so far.`;
  }
  const file = URL.createObjectURL(new Blob(parts, { type: answer.headers.get('content-type') }));
  Object.assign(document.createElement('a'), { href: file, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(file), 60_000);
  says.textContent = `${name} is complete: ${soFar()}.`;
}

const exporting = document.getElementById('exporting');
let isExporting = false;
for (const link of document.querySelectorAll('a[data-export]')) {
  link.addEventListener('click', async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (isExporting) return;
    isExporting = true;
    const [says, stop] = exporting.children;
    exporting.hidden = false;
    says.textContent = 'Starting the export…';
    try {
      await download(link, says, stop);
    } catch (error) {
      says.textContent =
        error.name === 'AbortError'
          ? 'The export was stopped. Nothing was saved.'
          : 'The export failed. Nothing was saved. Try again.';
    }
    stop.hidden = true;
    isExporting = false;
  });
}

// Show a busy state while a page loads, and do not submit a form twice.
let sent = null;
const rest = () => {
  document.body.removeAttribute('aria-busy');
  sent = null;
};
addEventListener('pagehide', rest);
document.addEventListener('click', (event) => {
  const link = event.target.closest('a[href]');
  const leaves =
    link &&
    link.origin === location.origin &&
    !link.hash &&
    !event.defaultPrevented &&
    !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (leaves) document.body.setAttribute('aria-busy', 'true');
});
document.addEventListener('submit', (event) => {
  if (event.defaultPrevented || event.target.method === 'dialog') return;
  // Ignore a double-click; after two seconds the form can be submitted again.
  if (sent?.form === event.target && event.timeStamp - sent.at < 2000) return event.preventDefault();
  sent = { form: event.target, at: event.timeStamp };
  document.body.setAttribute('aria-busy', 'true');
});
