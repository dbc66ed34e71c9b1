// <pick-list> shows what may be put into a text, and is worked by arrows and Enter while the caret stays in the text.
// <pick-search> is a field of its own above such a list: it asks (`seek`), the server offers, one is `picked`.

const PLACE = /\{(?:学员|家长|老师)\}/g;

class PickList extends HTMLElement {
  connectedCallback() {
    this.setAttribute('role', 'listbox');
    this.items = [];
    this.hidden = !this.hasAttribute('data-stays');
    this.addEventListener('mousedown', (event) => {
      const row = event.target.closest('[role=option]');
      if (!row) return;
      event.preventDefault();
      this.pick([...this.children].indexOf(row));
    });
  }
  get open() {
    return !this.hidden && this.items.length > 0;
  }
  show(items, nothing = '') {
    this.items = items;
    this.at = 0;
    this.replaceChildren(...items.map((item) => row(item)));
    if (!items.length && nothing) {
      const none = document.createElement('div');
      none.className = 'muted none';
      none.textContent = nothing;
      this.append(none);
    }
    this.hidden = !items.length && !nothing;
    this.point();
  }
  close() {
    this.items = [];
    if (!this.hasAttribute('data-stays')) this.hidden = true;
  }
  // Whether the key was meant for the list.
  key(event) {
    if (!this.open || composing(event) || event.ctrlKey || event.metaKey) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.at = (this.at + step + this.items.length) % this.items.length;
      this.point();
    } else if (event.key === 'Enter' || event.key === 'Tab') {
      this.pick(this.at);
    } else if (event.key === 'Escape' && !this.hasAttribute('data-stays')) {
      this.close();
      event.stopPropagation();
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }
  point() {
    [...this.children].forEach((row, index) => row.setAttribute('aria-selected', String(index === this.at)));
    this.children[this.at]?.scrollIntoView({ block: 'nearest' });
  }
  pick(index) {
    const detail = this.items[index];
    this.close();
    if (detail) this.dispatchEvent(new CustomEvent('picked', { detail, bubbles: true }));
  }
}

class PickSearch extends HTMLElement {
  connectedCallback() {
    this.addEventListener('input', () => {
      clearTimeout(this.later);
      this.later = setTimeout(() => this.seek(), 120);
    });
    this.addEventListener('keydown', (event) => this.list.key(event));
    requestAnimationFrame(() => {
      if (!this.isConnected) return;
      this.field.focus();
      this.seek();
    });
  }
  disconnectedCallback() {
    clearTimeout(this.later);
  }
  get field() {
    return this.querySelector('input');
  }
  get list() {
    return this.querySelector('pick-list');
  }
  seek() {
    this.dispatchEvent(new CustomEvent('seek', { detail: { kind: 'scripts', words: this.field.value } }));
  }
  offer(_kind, words, items) {
    if (words === this.field.value) this.list.show(items, '没有找到话术');
  }
}

function row(item) {
  const made = document.createElement('div');
  made.setAttribute('role', 'option');
  const title = document.createElement('b');
  title.textContent = item.title;
  const words = document.createElement('span');
  words.className = 'muted';
  let end = 0;
  for (const place of item.note.matchAll(PLACE)) {
    const open = document.createElement('mark');
    open.textContent = place[0];
    words.append(item.note.slice(end, place.index), open);
    end = place.index + place[0].length;
  }
  words.append(item.note.slice(end));
  made.append(title, words);
  return made;
}

customElements.define('pick-list', PickList);
customElements.define('pick-search', PickSearch);
