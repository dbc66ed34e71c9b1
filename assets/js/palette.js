// <search-palette> opens on Ctrl/Cmd K, asks while one types, and shows what came back as text, never as HTML.

const PAUSE = 150;
const PATIENCE = 8000;
const KEPT = 'palette';
const MOST_RECENT = 6;

function made(tag, classes, words) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  if (words) element.textContent = words;
  return element;
}

class SearchPalette extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector('dialog');
    this.field = this.querySelector('input');
    this.list = this.querySelector('.hits');
    this.status = this.querySelector('.said');
    this.field.addEventListener('input', () => this.typed());
    this.field.addEventListener('keydown', (event) => this.pressed(event));
    this.dialog.addEventListener('click', (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener('close', () => this.forget());
  }
  open() {
    if (this.dialog.open) return;
    this.field.value = '';
    this.list.replaceChildren();
    this.shown = undefined;
    this.dialog.showModal();
    this.field.focus();
    this.ask();
  }
  forget() {
    clearTimeout(this.pause);
    clearTimeout(this.patience);
  }
  typed() {
    this.forget();
    this.pause = setTimeout(() => this.ask(), PAUSE);
  }
  ask() {
    this.forget();
    this.asked = this.field.value.trim();
    this.status.textContent = '正在搜索…';
    this.patience = setTimeout(() => this.refused(this.asked, '没能搜索，请检查网络。'), PATIENCE);
    this.dispatchEvent(new CustomEvent('ask', { detail: this.asked }));
  }
  // Called from the server. An answer to what is no longer asked is late; one that comes twice moves no choice. What was
  // typed meanwhile is still to be asked.
  show(words, groups) {
    if (words !== this.asked || !this.dialog.open) return;
    clearTimeout(this.patience);
    const recent = words ? [] : this.recent();
    const chosen = words === this.shown ? this.chosen : 0;
    this.shown = words;
    this.draw(recent.length ? [{ title: '最近', hits: recent }, ...groups] : groups, chosen);
    const many = this.options.length;
    this.status.textContent = many ? `${many} 项` : '没有找到。换个说法试试，手机号须输入完整的号码。';
  }
  refused(words, why) {
    if (words !== this.asked || !this.dialog.open) return;
    clearTimeout(this.patience);
    this.shown = undefined;
    this.draw([]);
    const again = made('button', 'btn small', '重试');
    again.type = 'button';
    again.addEventListener('click', () => this.ask());
    this.status.replaceChildren(made('span', '', why), again);
  }
  draw(groups, chosen = 0) {
    this.options = [];
    this.list.replaceChildren(...groups.map((group) => this.group(group)));
    this.choose(chosen);
  }
  group({ title, hits }) {
    const section = made('div', 'group');
    section.setAttribute('role', 'group');
    section.setAttribute('aria-label', title);
    const head = made('div', 'head', title);
    head.append(made('small', 'num', String(hits.length)));
    section.append(head, ...hits.map((hit) => this.option(hit)));
    return section;
  }
  option(hit) {
    const option = made(hit.href ? 'a' : 'button', 'hit');
    if (hit.href) option.href = hit.href;
    else option.type = 'button';
    option.id = `palette-${this.options.length}`;
    option.tabIndex = -1;
    option.setAttribute('role', 'option');
    const line = made('span', 'line');
    line.append(...hit.line.map(([words, found]) => made(found ? 'mark' : 'span', '', words)));
    option.append(line);
    if (hit.note) option.append(made('small', 'note-line', hit.note));
    option.addEventListener('click', () => this.taken(hit));
    option.addEventListener('mousemove', () => this.choose(this.options.indexOf(option)));
    this.options.push(option);
    return option;
  }
  choose(place) {
    const many = this.options.length;
    this.chosen = many ? (place + many) % many : -1;
    this.options.forEach((option, at) => option.setAttribute('aria-selected', at === this.chosen));
    const option = this.options[this.chosen];
    option?.scrollIntoView({ block: 'nearest' });
    if (option) this.field.setAttribute('aria-activedescendant', option.id);
    else this.field.removeAttribute('aria-activedescendant');
  }
  pressed(event) {
    if (composing(event)) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') this.choose(this.chosen + (event.key === 'ArrowDown' ? 1 : -1));
    else if (event.key === 'Enter' && this.asked === this.field.value.trim()) this.options[this.chosen]?.click();
    else if (event.key === 'Enter') this.ask();
    else return;
    event.preventDefault();
  }
  taken(hit) {
    if (hit.act) {
      this.dispatchEvent(new CustomEvent('act', { detail: hit.act }));
    } else {
      const others = this.recent().filter((one) => one.href !== hit.href);
      const items = [{ ...hit, line: hit.line.map(([words]) => [words, false]) }, ...others].slice(0, MOST_RECENT);
      sessionStorage.setItem(KEPT, JSON.stringify({ member: this.dataset.member, items }));
    }
    this.dialog.close();
  }
  // What this member took last in this tab; nobody else's.
  recent() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? '{}');
    return kept.member === this.dataset.member ? kept.items : [];
  }
}

customElements.define('search-palette', SearchPalette);

function open() {
  document.querySelector('search-palette')?.open();
}

document.addEventListener('click', (event) => {
  if (event.target.closest?.('[data-palette]')) open();
});
document.addEventListener('keydown', (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.key.toLowerCase() !== 'k') return;
  if (!document.querySelector('search-palette')) return;
  event.preventDefault();
  open();
});
