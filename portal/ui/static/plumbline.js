// Plumbline's script. All works without it: it makes searching, copying, waiting quicker.

const said = document.createElement('p');
said.className = 'sr';
said.setAttribute('role', 'status');
document.body.append(said);

const make = (tag, properties, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

// Copying: a button for each text that carries `data-copy`, which says what the text is.

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // not over plain HTTP: the old way
    const box = make('textarea', {value: text, className: 'sr'});
    document.body.append(box);
    box.select();
    document.execCommand('copy');
    box.remove();
  }
}

function copyButton(what, read) {
  const word = make('span', {}, 'Copy');
  const button = make('button', {type: 'button', className: 'btn copy'}, word,
    make('span', {className: 'sr'}, ` ${what}`));
  button.addEventListener('click', async () => {
    await copy(read());
    button.focus();
    word.textContent = said.textContent = 'Copied';
    setTimeout(() => { word.textContent = 'Copy'; said.textContent = ''; }, 2000);
  });
  return button;
}

for (const shown of document.querySelectorAll('[data-copy]')) {
  const button = copyButton(shown.dataset.copy, () => shown.textContent.trim());
  shown.matches('pre') ? shown.before(button) : shown.after(button);
}
for (const fix of document.querySelectorAll(':is(.more, .steps) .md pre')) {
  const text = fix.textContent;
  fix.append(copyButton('this', () => text));
}
for (const row of document.querySelectorAll('[data-copy-link]')) {
  const button = copyButton('link', () => location.href);
  button.querySelector('.sr').className = '';
  row.append(button);
}

// Searching: `/` and Ctrl-K lead to the field; what is found can be walked with the arrow keys.

const field = document.querySelector('#find');
const list = make('ul', {id: 'find-list', className: 'found', hidden: true});
list.setAttribute('role', 'listbox');
list.setAttribute('aria-label', 'Found in the catalog');
field.after(list);
const set = (name, value) => field.setAttribute(name, value);
set('role', 'combobox');
set('aria-autocomplete', 'list');
set('aria-controls', list.id);
set('aria-expanded', 'false');
let at = -1, asked = 0, timer;

function choose(place) {
  at = place;
  [...list.children].forEach((one, n) => one.setAttribute('aria-selected', String(n === at)));
  set('aria-activedescendant', list.children[at]?.id ?? '');
  list.children[at]?.scrollIntoView({block: 'nearest'});
}

function show(found) {
  list.replaceChildren(...found.map((one, n) => {
    const path = one.ref.split(/[:/]/);
    const option = make('li', {id: `found-${n}`}, make('b', {}, one.title || path.at(-1)),
      make('span', {className: 'muted small'}, ` ${one.kind}`));
    option.setAttribute('role', 'option');
    option.dataset.path = path.map(encodeURIComponent).join('/');
    option.addEventListener('mousedown', event => { event.preventDefault(); open(option); });
    return option;
  }));
  list.hidden = !found.length;
  set('aria-expanded', String(!list.hidden));
  choose(-1);
}

function open(option) {
  location.assign(`${field.form.action.replace(/search$/, 'catalog')}/${option.dataset.path}`);
}

async function look() {
  const [wanted, mine] = [field.value.trim(), ++asked];
  if (!wanted) return show([]);
  const query = new URLSearchParams({q: wanted, limit: 8});
  try {
    const answer = await fetch(`${field.form.dataset.api}?${query}`);
    const found = answer.ok ? (await answer.json()).items : [];
    if (mine !== asked) return; // somebody typed on
    show(found);
    said.textContent = found.length ? `${found.length} found` : '';
  } catch { show([]); }
}

field.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(look, 150); });
field.addEventListener('blur', () => { asked++; show([]); });
field.addEventListener('keydown', event => {
  const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
  if (step && !list.hidden) {
    event.preventDefault();
    const count = list.children.length;
    choose(at < 0 && step < 0 ? count - 1 : (at + step + count) % count);
  } else if (event.key === 'Enter' && at >= 0) {
    event.preventDefault();
    open(list.children[at]);
  } else if (event.key === 'Escape') {
    event.preventDefault();
    list.hidden ? field.blur() : show([]);
  }
});

// A key by itself may be in the way of who speaks to the computer: it can be switched off.
const key = document.querySelector('#slash');
const isOn = () => localStorage.getItem('slash') !== 'off';
const tell = () => { key.textContent = isOn() ? 'Switch off the / key' : 'Switch on the / key'; };
key.hidden = false;
tell();
key.addEventListener('click', () => {
  localStorage.setItem('slash', isOn() ? 'off' : 'on');
  tell();
});

document.addEventListener('keydown', event => {
  const typing = event.target.closest('input, textarea, select, [contenteditable]');
  const slash = event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
  const chord = event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey);
  if ((slash && isOn()) || chord) {
    event.preventDefault();
    field.focus();
    field.select();
  }
});

// Waiting: a part that says how often is asked for again, until it no longer says so.

async function again(part) {
  if (!document.hidden) {
    try {
      const text = await (await fetch(location.href)).text();
      const fresh = new DOMParser().parseFromString(text, 'text/html').getElementById(part.id);
      if (!fresh) return location.reload(); // there is another page now
      if (fresh.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) {
        part.replaceWith(fresh);
        part = fresh;
      }
    } catch { /* the portal is away: ask again later */ }
  }
  if (part.dataset.refresh) setTimeout(again, Number(part.dataset.refresh), part);
}
for (const part of document.querySelectorAll('[data-refresh]')) {
  setTimeout(again, Number(part.dataset.refresh), part);
}
