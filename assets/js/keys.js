// Single keys. An element with data-keys='{"j": "下一条"}' hears `shortcut` events with the key as detail.
// Typing is never disturbed; an open dialog or menu hides the page's keys; `?` shows what there is.

// Whether a key belongs to an input method, as the Enter that takes its signs does; Safari tells that one by its code.
window.composing = (event) => event.isComposing || event.keyCode === 229;

const TYPING = 'input, textarea, select, [contenteditable=""], [contenteditable=true]';
const ACTIVATED = 'button, a, [role=button], [role=option], [role=tab], [role=menuitem]';

// What lies on the page, the last one opened: its keys alone are meant, also where it has none. A menu has the focus
// itself, and so does a select's list: a letter typed there must not release a reply under it.
function layer() {
  return document.querySelector('dialog[open]') ?? [...document.querySelectorAll('.q-dialog, .q-menu')].at(-1);
}

function listeners() {
  return [...(layer() ?? document).querySelectorAll('[data-keys]')].reverse();
}

function listening(key) {
  return listeners().find((one) => key in JSON.parse(one.dataset.keys));
}

function showKeys() {
  const dialog = document.querySelector('dialog.keys');
  if (!dialog || dialog.open) return;
  const known = { '?': '显示这些按键', Esc: '离开输入框，关闭对话框' };
  for (const one of listeners()) Object.assign(known, JSON.parse(one.dataset.keys));
  const list = document.createElement('dl');
  for (const [key, word] of Object.entries(known)) {
    const kbd = document.createElement('kbd');
    kbd.textContent = key.length === 1 ? key.toUpperCase() : key;
    const term = document.createElement('dt');
    term.append(kbd);
    const meaning = document.createElement('dd');
    meaning.textContent = word;
    list.append(term, meaning);
  }
  const title = document.createElement('h3');
  title.textContent = '快捷键';
  dialog.replaceChildren(title, list);
  dialog.showModal();
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || composing(event)) return;
  if (event.target.closest?.(TYPING)) {
    if (event.key === 'Escape') event.target.blur();
    return;
  }
  if (event.key === '?') {
    event.preventDefault();
    showKeys();
    return;
  }
  if ((event.key === 'Enter' || event.key === ' ') && event.target.closest?.(ACTIVATED)) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const one = listening(key);
  if (!one || event.repeat && !['j', 'k', 'ArrowDown', 'ArrowUp'].includes(key)) return;
  event.preventDefault();
  one.dispatchEvent(new CustomEvent('shortcut', { detail: key }));
});
