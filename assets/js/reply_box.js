// <reply-box> keeps what is typed in this browser tab, counts bytes as WeCom does, and sends on Ctrl+Enter. A file that
// is chosen, pasted or dropped there is uploaded first; whether it is sent is asked afterwards.
// It writes either to the parent or, as a note, to colleagues; the two texts are kept apart, so that neither is ever
// sent for the other. `/` offers scripts, `@` in a note colleagues. It says when somebody types.

const PLACE = /\{(?:学员|家长|老师)\}/g;
const SLASH = /(?:^|\s)([/、][^\s/、]{0,20})$/;
const AT = /(@[^\s@]{0,12})$/;
const TYPING_EVERY = 3000;
const STILL = 4000;
const encoder = new TextEncoder();

class ReplyBox extends HTMLElement {
  connectedCallback() {
    this.addEventListener('input', () => {
      this.changed();
      this.suggest();
      this.typing();
    });
    this.addEventListener('keydown', (event) => {
      if (event.target !== this.field || this.picks?.key(event)) return;
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !composing(event)) {
        event.preventDefault();
        this.send();
      }
    });
    this.addEventListener('click', (event) => {
      if (event.target.closest('[data-send]')) this.send();
      if (event.target.closest('[data-attach]')) this.chooser.click();
      const turn = event.target.closest('[data-turn]');
      if (turn) this.turn(turn.dataset.turn);
    });
    this.addEventListener('picked', (event) => this.insert(event.detail));
    this.addEventListener('focusout', () => {
      this.picks?.close();
      this.rest();
    });
    this.addEventListener('change', (event) => {
      if (event.target === this.chooser) this.give(this.chooser.files[0]);
    });
    for (const [name, data] of [['paste', 'clipboardData'], ['drop', 'dataTransfer']]) {
      this.addEventListener(name, (event) => {
        const file = event[data]?.files[0];
        if (!file || !this.chooser || this.mode === 'note') return;
        event.preventDefault();
        this.give(file);
      });
    }
    this.addEventListener('dragover', (event) => event.preventDefault());
    this.restore();
  }
  disconnectedCallback() {
    clearTimeout(this.later);
    clearTimeout(this.still);
  }
  // The field may be drawn a moment after its box.
  restore() {
    requestAnimationFrame(() => {
      if (!this.isConnected) return;
      if (!this.field || !this.dataset.keep) return this.restore();
      this.turn(sessionStorage.getItem(`mode ${this.dataset.keep}`) ?? 'reply', { silently: true });
    });
  }
  get mode() {
    return this.hasAttribute('data-note') ? 'note' : 'reply';
  }
  get key() {
    return `${this.mode} ${this.dataset.keep}`;
  }
  get field() {
    return this.querySelector('textarea');
  }
  get chooser() {
    return this.querySelector('input[type=file]');
  }
  get picks() {
    return this.querySelector('pick-list');
  }
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
  // What was typed for the one is put by, what was typed for the other comes back.
  turn(mode, { silently = false } = {}) {
    if (this.mode !== mode) this.toggleAttribute('data-note', mode === 'note');
    if (mode === 'note') sessionStorage.setItem(`mode ${this.dataset.keep}`, mode);
    else sessionStorage.removeItem(`mode ${this.dataset.keep}`);
    for (const one of this.querySelectorAll('[data-turn]')) {
      one.setAttribute('aria-pressed', String(one.dataset.turn === mode));
    }
    this.field.placeholder = this.dataset[mode === 'note' ? 'noteHint' : 'replyHint'];
    this.field.setAttribute('aria-label', mode === 'note' ? '内部备注' : '回复');
    const kept = sessionStorage.getItem(this.key) ?? '';
    this.field.value = silently ? this.field.value || kept : kept;
    this.picks?.close();
    this.rest();
    this.changed();
    if (!silently) this.field.focus();
  }
  async give(file) {
    if (!file || this.hasAttribute('data-giving')) return;
    if (file.size > 20 * 1024 * 1024) return this.tell('refused', '文件超过 20 MB，不能发送。');
    this.setAttribute('data-giving', '');
    try {
      const headers = { 'X-File-Name': encodeURIComponent(file.name), 'Content-Type': 'application/octet-stream' };
      const answer = await fetch(`/media/for/${this.dataset.keep}`, { method: 'POST', body: file, headers });
      const { id, refusal } = await answer.json();
      this.tell(...(id ? ['given', id] : ['refused', refusal]));
    } catch {
      this.tell('refused', '没能上传，请检查网络后再试。');
    }
    this.removeAttribute('data-giving');
    this.chooser.value = '';
  }
  changed() {
    const { value } = this.field;
    if (value) sessionStorage.setItem(this.key, value);
    else sessionStorage.removeItem(this.key);
    const most = Number(this.dataset.bytes);
    const bytes = encoder.encode(value.trim()).length;
    const pieces = this.mode === 'note' ? 1 : Math.ceil(bytes / most);
    this.querySelector('.size').textContent =
      `${window.grouped(bytes)} / ${window.grouped(most)} 字节` + (pieces > 1 ? ` · 约分 ${pieces} 条发出` : '');
    this.querySelector('.meter i').style.width = `${Math.min(100, (bytes / most) * 100)}%`;
    this.classList.toggle('over', pieces > 1);
    const open = this.mode === 'reply' ? [...new Set(value.match(PLACE))] : [];
    this.querySelector('.unfilled').textContent = open.length ? `还没填：${open.join('、')}` : '';
    this.querySelector('[data-send]').disabled = !bytes || this.hasAttribute('data-sending');
    this.field.style.height = 'auto';
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, 240)}px`;
  }
  suggest() {
    const before = this.field.value.slice(0, this.field.selectionStart);
    const found = before.match(this.mode === 'note' ? AT : SLASH);
    this.sought = found ? { kind: this.mode === 'note' ? 'colleagues' : 'scripts', words: found[1].slice(1) } : null;
    clearTimeout(this.later);
    if (!found) return this.picks?.close();
    this.from = this.field.selectionStart - found[1].length;
    const { kind, words } = this.sought;
    this.later = setTimeout(() => this.tell('seek', { kind, words }), words ? 120 : 0);
  }
  offer(kind, words, items) {
    if (this.sought?.kind !== kind || this.sought.words !== words) return;
    this.picks.show(items, words ? '' : kind === 'scripts' ? '还没有话术' : '');
  }
  insert({ text }) {
    if (!this.sought) return;
    const { value, selectionStart } = this.field;
    this.field.value = value.slice(0, this.from) + text + value.slice(selectionStart);
    this.sought = null;
    this.field.focus();
    const end = this.from + text.length;
    this.field.setSelectionRange(end, end);
    this.toPlace(this.from, end);
    this.changed();
    this.typing();
  }
  // Marks the first placeholder between two points, for the next keys to replace it. Whether there is one.
  toPlace(from = 0, end = this.field.value.length) {
    const place = [...this.field.value.matchAll(PLACE)].find((one) => one.index >= from && one.index < end);
    if (place) this.field.setSelectionRange(place.index, place.index + place[0].length);
    return Boolean(place);
  }
  send() {
    const words = this.field.value;
    if (!words.trim() || this.hasAttribute('data-sending')) return;
    if (this.mode === 'reply' && this.toPlace()) {
      this.field.focus();
      return this.tell('refused', '还有没填的内容，请填好或删去再发送。');
    }
    this.setAttribute('data-sending', this.mode);
    this.rest();
    this.changed();
    this.tell(this.mode, this.mode === 'reply' ? { words, order: this.order(words) } : words);
  }
  // Whose answer was lost on the way, sends the same words again under the same name: they reach the parent once.
  order(words) {
    const key = `order ${this.dataset.keep}`;
    const before = JSON.parse(sessionStorage.getItem(key) ?? '{}');
    if (before.words === words) return before.order;
    const order = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
    sessionStorage.setItem(key, JSON.stringify({ words, order }));
    return order;
  }
  // The server has an answer. What was typed meanwhile stays.
  sent(words) {
    const key = `${this.getAttribute('data-sending')} ${this.dataset.keep}`;
    this.removeAttribute('data-sending');
    if (words !== null) sessionStorage.removeItem(`order ${this.dataset.keep}`);
    if (words !== null && sessionStorage.getItem(key) === words) {
      sessionStorage.removeItem(key);
      if (key === this.key) this.field.value = '';
    }
    this.changed();
  }
  // A reply that was taken back, or a draft to go on from, comes above what was typed since; asked for twice, once.
  giveBack(words) {
    this.turn('reply');
    if (!this.field.value.includes(words)) this.field.value = [words, this.field.value].filter(Boolean).join('\n');
    this.changed();
  }
  write(mode = 'reply') {
    if (this.mode !== mode) this.turn(mode);
    this.field.focus();
  }
  typing() {
    if (this.mode === 'note' || !this.field.value.trim()) return this.rest();
    clearTimeout(this.still);
    this.still = setTimeout(() => this.rest(), STILL);
    if (this.told && Date.now() - this.told < TYPING_EVERY) return;
    this.told = Date.now();
    this.tell('typing', true);
  }
  rest() {
    clearTimeout(this.still);
    if (this.told) this.tell('typing', false);
    this.told = 0;
  }
}

customElements.define('reply-box', ReplyBox);
