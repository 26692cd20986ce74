// Keeps the page as the application is, without reloading it: the server says which rows a part has now, and sends those that have changed.
'use strict';

const parts = new Map([...document.querySelectorAll('[data-part]')].map(element => [element.dataset.part, element]));
const connection = document.getElementById('connection');

function elementOf(html) {
  const template = document.createElement('template');
  template.innerHTML = html.trim();
  return template.content.firstElementChild;
}

// Changes what differs and leaves the rest alone, so that focus, selection and what has been opened stay as they are.
function become(old, wanted) {
  if (old.nodeType !== wanted.nodeType || old.nodeName !== wanted.nodeName) {
    old.replaceWith(wanted);
    return;
  }
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== wanted.data) old.data = wanted.data;
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE || old.isEqualNode(wanted)) return;
  for (const { name, value } of [...wanted.attributes]) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) if (!wanted.hasAttribute(name) && !(name === 'open' && old.nodeName === 'DETAILS')) old.removeAttribute(name);
  const [have, want] = [[...old.childNodes], [...wanted.childNodes]];
  want.forEach((node, i) => (i < have.length ? become(have[i], node) : old.append(node)));
  have.slice(want.length).forEach(node => node.remove());
}

function show({ part, rows }) {
  const holder = parts.get(part);
  if (!holder) return;
  const known = new Map([...holder.children].map(row => [row.id, row]));
  // First of all what is no more, so that what stays is in its place and is not moved: moving loses focus and selection.
  const wanted = new Set(rows.map(([key]) => `${part}-${key}`));
  for (const [id, row] of known) if (!wanted.has(id)) row.remove();
  let place = holder.firstElementChild;
  for (const [key, html] of rows) {
    let row = known.get(`${part}-${key}`);
    if (!row) row = elementOf(html);
    else if (html !== null) become(row, elementOf(html));
    if (row === place) place = place.nextElementSibling;
    else holder.insertBefore(row, place);
  }
  if (holder.dataset.follow && document.getElementById(holder.dataset.follow).checked) holder.scrollTop = holder.scrollHeight;
}

if (parts.size > 0) {
  for (const holder of parts.values()) if (holder.dataset.follow) holder.scrollTop = holder.scrollHeight;
  let source = null;
  // A browser has six connections to one address at most: only pages that somebody looks at have one.
  function listen() {
    source?.close();
    source = null;
    if (document.hidden) return;
    source = new EventSource(location.pathname + location.search);
    source.onopen = () => { connection.textContent = 'Live'; };
    source.onerror = () => { connection.textContent = 'Not connected: the application may have stopped'; };
    source.onmessage = event => show(JSON.parse(event.data));
  }
  listen();
  document.addEventListener('visibilitychange', listen);
  addEventListener('pagehide', () => source?.close());
}

// A span that a link points at is opened.
if (location.hash.startsWith('#span-')) {
  const details = document.getElementById(location.hash.slice(1))?.querySelector('details');
  if (details) {
    details.open = true;
    details.scrollIntoView({ block: 'center' });
  }
}

// A choice takes effect at once; a command leaves one where one is.
document.addEventListener('change', event => {
  if (event.target.matches('form.filter select')) event.target.form.requestSubmit();
});
document.addEventListener('submit', async event => {
  const form = event.target;
  if (form.method !== 'post') return;
  event.preventDefault();
  const button = form.querySelector('button');
  if (button.dataset.confirm && !confirm(button.dataset.confirm)) return;
  button.disabled = true;
  try {
    await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)), redirect: 'manual' });
  } catch {
    connection.textContent = 'Not connected: the application may have stopped';
  } finally {
    button.disabled = false;
  }
});

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input, select, textarea')) return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!target) return;
  event.preventDefault();
  if (target.matches('a')) target.click();
  else target.focus();
});
