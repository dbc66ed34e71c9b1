// <chat-scroll> stays at the newest line unless the reader went up, and never moves what is being read.
// <reply-box> keeps what is typed in this browser tab, counts bytes as WeCom does, and sends on Ctrl+Enter. A file that
// is chosen, pasted or dropped there is uploaded first; whether it is sent is asked afterwards.

const NEAR = 60;
const encoder = new TextEncoder();

class ChatScroll extends HTMLElement {
  connectedCallback() {
    this.atEnd = true;
    this.addEventListener('scroll', () => this.scrolled(), { passive: true });
    this.watch = new MutationObserver(() => this.settle());
    this.watch.observe(this, { childList: true, subtree: true, characterData: true });
    this.sizes = new ResizeObserver(() => this.settle());
    this.sizes.observe(this);
    this.settle();
  }
  disconnectedCallback() {
    this.watch.disconnect();
    this.sizes.disconnect();
  }
  scrolled() {
    this.atEnd = this.scrollHeight - this.scrollTop - this.clientHeight < NEAR;
    this.hold();
    if (this.scrollTop < NEAR && !this.atEnd) this.querySelector('.older button:not([disabled])')?.click();
  }
  hold() {
    const top = this.getBoundingClientRect().top;
    this.held = [...this.querySelectorAll('[data-seq]')].find((line) => line.getBoundingClientRect().bottom > top);
    this.heldAt = this.held?.getBoundingClientRect().top;
  }
  settle() {
    if (this.atEnd) {
      this.scrollTop = this.scrollHeight;
    } else if (this.held?.isConnected) {
      this.scrollTop += this.held.getBoundingClientRect().top - this.heldAt;
    }
    this.hold();
  }
  toEnd() {
    this.atEnd = true;
    this.settle();
  }
}

class ReplyBox extends HTMLElement {
  connectedCallback() {
    this.addEventListener('input', () => this.changed());
    this.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.isComposing) {
        event.preventDefault();
        this.send();
      }
    });
    this.addEventListener('click', (event) => {
      if (event.target.closest('[data-send]')) this.send();
      if (event.target.closest('[data-attach]')) this.chooser.click();
    });
    this.addEventListener('change', (event) => {
      if (event.target === this.chooser) this.give(this.chooser.files[0]);
    });
    for (const [name, data] of [['paste', 'clipboardData'], ['drop', 'dataTransfer']]) {
      this.addEventListener(name, (event) => {
        const file = event[data]?.files[0];
        if (!file || !this.chooser) return;
        event.preventDefault();
        this.give(file);
      });
    }
    this.addEventListener('dragover', (event) => event.preventDefault());
    this.restore();
  }
  // The field may be drawn a moment after its box.
  restore() {
    requestAnimationFrame(() => {
      if (!this.isConnected) return;
      if (!this.field || !this.dataset.keep) return this.restore();
      this.field.value ||= sessionStorage.getItem(this.key) ?? '';
      this.changed();
    });
  }
  get key() {
    return `reply ${this.dataset.keep}`;
  }
  get field() {
    return this.querySelector('textarea');
  }
  get chooser() {
    return this.querySelector('input[type=file]');
  }
  async give(file) {
    if (!file || this.hasAttribute('data-giving')) return;
    const tell = (name, detail) => this.dispatchEvent(new CustomEvent(name, { detail }));
    if (file.size > 20 * 1024 * 1024) return tell('refused', '文件超过 20 MB，不能发送。');
    this.setAttribute('data-giving', '');
    try {
      const headers = { 'X-File-Name': encodeURIComponent(file.name), 'Content-Type': 'application/octet-stream' };
      const answer = await fetch(`/media/for/${this.dataset.keep}`, { method: 'POST', body: file, headers });
      const { id, refusal } = await answer.json();
      tell(...(id ? ['given', id] : ['refused', refusal]));
    } catch {
      tell('refused', '没能上传，请检查网络后再试。');
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
    const pieces = Math.ceil(bytes / most);
    this.querySelector('.size').textContent =
      `${bytes.toLocaleString('en')} / ${most.toLocaleString('en')} 字节` + (pieces > 1 ? ` · 约分 ${pieces} 条发出` : '');
    this.querySelector('.meter i').style.width = `${Math.min(100, (bytes / most) * 100)}%`;
    this.classList.toggle('over', pieces > 1);
    this.querySelector('[data-send]').disabled = !bytes || this.hasAttribute('data-sending');
    this.field.style.height = 'auto';
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, 240)}px`;
  }
  send() {
    const words = this.field.value;
    if (!words.trim() || this.hasAttribute('data-sending')) return;
    this.setAttribute('data-sending', '');
    this.changed();
    this.dispatchEvent(new CustomEvent('reply', { detail: words }));
  }
  // The server has an answer. What was typed meanwhile stays.
  sent(words) {
    this.removeAttribute('data-sending');
    if (words !== null && this.field.value === words) this.field.value = '';
    this.changed();
  }
  write() {
    this.field.focus();
  }
}

customElements.define('chat-scroll', ChatScroll);
customElements.define('reply-box', ReplyBox);
