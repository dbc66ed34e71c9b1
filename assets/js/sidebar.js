// The pane beside a chat. <side-bridge> speaks with the WeCom around the page and tells the server what it hears; what
// belongs to another parent than the one WeCom names now is not shown, whatever the server still sends.
// <side-words> holds the reply: what is typed stays in this browser until it was sent, whatever breaks.

const SENDING_PATIENCE = 15000;
const SCANNING_PATIENCE = 120000;
const CLICK_HOLDS = 10000;
const LOOK_EVERY = 1000;
const KEPT_FOR = 48 * 3600 * 1000;
const OUTBOX = 'sidebar outbox ';
const WORDS = 'sidebar words ';
const encoder = new TextEncoder();
// From early/sidebar_first.js, which may be there a moment later than this.
let OF_ONE_PARENT, PATIENCE, Trouble, WeComBridge, troubleOf, within;

class SideBridge extends HTMLElement {
  connectedCallback() {
    document.documentElement.dataset.side = '';
    this.orders = new Set();
    this.current = this.entry = null;
    this.showing = document.createElement('style');
    document.head.append(this.showing);
    this.show(document.getElementById('side-first')?.dataset.parent ?? null);
    this.look = () => document.visibilityState === 'visible' && this.check();
    for (const name of ['focus', 'pageshow', 'pointerdown']) addEventListener(name, this.look);
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.look();
      else if (this.watches && !this.hasAttribute('data-sim')) this.hide();
    });
    this.timer = setInterval(this.look, LOOK_EVERY);
    this.begin();
  }
  disconnectedCallback() {
    clearInterval(this.timer);
    for (const name of ['focus', 'pageshow', 'pointerdown']) removeEventListener(name, this.look);
    this.showing.remove();
  }
  begin() {
    if (!this.isConnected) return;
    if (window.did_handshake && this.dataset.me && window.sideWeCom) {
      ({ OF_ONE_PARENT, PATIENCE, Trouble, WeComBridge, troubleOf, within } = window.sideWeCom);
      this.start();
    } else setTimeout(() => this.begin(), 20);
  }
  tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
  tellTrouble(error, name = 'trouble', more = {}) {
    const { code, message } = troubleOf(error);
    if (code === 'signed_out') location.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
    else if (code !== 'cancelled' || name !== 'trouble') this.tell(name, { code, detail: String(message).slice(0, 200), ...more });
  }

  // From here to the chat. Also "try again".
  async start() {
    const early = window.sideWeCom.first;
    window.sideWeCom.first = null;
    if (early) return this.goOn(early);
    this.hide();
    this.current = this.entry = null;
    const given = { corp: this.dataset.corp, agent: this.dataset.agent };
    this.bridge = this.hasAttribute('data-sim') ? window.sidebarSim(this) : new WeComBridge(given);
    if (!this.bridge.here()) {
      this.tell('trouble', { code: 'outside' });
      return;
    }
    try {
      this.bridge.register();
      this.entry = await within(PATIENCE, this.bridge.entry());
      const customer = OF_ONE_PARENT.includes(this.entry) ? await within(PATIENCE, this.bridge.customer()) : null;
      this.beside(customer || null);
      this.flush();
    } catch (error) {
      this.tellTrouble(error);
    }
  }
  // What the first script has asked already is not asked again.
  async goOn(early) {
    try {
      const { bridge, entry, customer } = await early;
      Object.assign(this, { bridge, entry });
      this.beside(customer);
      this.check();
      this.flush();
    } catch (error) {
      this.tellTrouble(error);
    }
  }
  get watches() {
    return this.current !== null && OF_ONE_PARENT.includes(this.entry);
  }
  beside(customer) {
    this.current = customer;
    window.sideWeCom.taken = true;
    const first = document.getElementById('side-first');
    if (first && first.dataset.parent !== customer) first.replaceChildren();
    this.show(customer);
    this.tell('chat', { entry: this.entry, customer });
  }
  show(customer) {
    const others = customer ? `:not([data-parent=${JSON.stringify(customer)}])` : '';
    const rule = `[data-parent]${others} { display: none !important; }`;
    if (this.showing.textContent !== rule) this.showing.textContent = rule; // every change has all styles worked out anew
  }
  hide() {
    this.show(null);
    document.getElementById('side-first')?.replaceChildren();
  }
  // Is it still the chat with the same parent?
  async check() {
    if (!this.watches || this.checking) return this.checking;
    this.checking = within(PATIENCE, this.bridge.customer())
      .then((customer) => {
        if (customer && customer !== this.current) {
          this.hide();
          this.beside(customer);
        } else {
          this.show(this.current);
        }
      })
      .catch(() => {}) // asked again in a moment; before anything is sent it must answer
      .finally(() => (this.checking = null));
    return this.checking;
  }
  async pick() {
    try {
      const customer = await this.bridge.pick();
      if (customer) {
        this.hide();
        this.beside(customer);
      }
    } catch (error) {
      this.tellTrouble(error, 'notice');
    }
  }
  // The chat may change while the camera is open; the server asks whose it is then.
  async scan() {
    try {
      const text = await within(SCANNING_PATIENCE, this.bridge.scan());
      if (text) this.tell('scanned', { text: String(text).slice(0, 500) });
    } catch (error) {
      const { code, message } = troubleOf(error);
      this.tellTrouble(new Trouble(code === 'old' ? 'no_scan' : code, message), 'notice');
    }
  }
  async openChat(where) {
    try {
      await within(SENDING_PATIENCE, this.bridge.openChat(where));
    } catch (error) {
      this.tellTrouble(error, 'notice');
    }
  }

  // The server allows these words, or this file, for this parent. They leave once, or it is told why not.
  async send(order) {
    if (this.orders.has(order.id)) return;
    this.orders.add(order.id);
    const unsent = (error) => this.tellTrouble(error, 'unsent', { id: order.id });
    if (!order.confirmed && Date.now() - (window.sidebarClickedAt ?? 0) > CLICK_HOLDS) return unsent(new Trouble('late'));
    try {
      const now = this.watches ? await within(PATIENCE, this.bridge.customer()) : this.current;
      if (now !== order.parent || this.current !== order.parent) {
        unsent(new Trouble('switched'));
        this.check();
        return;
      }
    } catch (error) {
      return unsent(error);
    }
    const { id, contact, draft, kept, parent, material } = order;
    const note = { id, contact, draft, kept, parent, material };
    this.keep({ ...note, state: 'trying' });
    const sending = this.bridge.send(order).then(
      () => {
        this.keep({ ...note, state: 'ok' });
        this.tell('sent', note);
      },
      (error) => {
        localStorage.removeItem(OUTBOX + order.id);
        unsent(error);
      },
    );
    try {
      await within(SENDING_PATIENCE, sending);
    } catch {
      this.tell('unsure', note);
    }
  }
  keep(note) {
    localStorage.setItem(OUTBOX + note.id, JSON.stringify({ ...note, me: this.dataset.me, at: Date.now() }));
  }
  recorded(id) {
    localStorage.removeItem(OUTBOX + id);
  }
  // What an earlier visit could not tell any more.
  flush() {
    for (const [key, note] of stored(OUTBOX)) {
      if (note.me !== this.dataset.me || this.orders.has(note.id)) continue;
      if (note.state === 'ok') this.tell('sent', note);
      else this.tell('unsure', note);
      if (note.state !== 'ok') localStorage.removeItem(key);
    }
  }
}

function stored(prefix) {
  const found = [];
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(prefix)) continue;
    try {
      const value = JSON.parse(localStorage.getItem(key));
      if (Date.now() - value.at < KEPT_FOR) found.push([key, value]);
      else localStorage.removeItem(key);
    } catch {
      localStorage.removeItem(key);
    }
  }
  return found;
}

// A click that waits in the socket for a better network would act long after it was forgotten.
function connected() {
  return document.documentElement.dataset.connection !== 'lost' && window.socket?.connected !== false && navigator.onLine;
}

// As high as its words. Newer browsers do it by themselves (field-sizing), without working out the page's layout.
function grow(field, most) {
  if (CSS.supports('field-sizing', 'content')) return;
  field.style.height = 'auto';
  field.style.height = `${Math.min(field.scrollHeight + 2, most)}px`;
}

class SideMaterials extends HTMLElement {
  connectedCallback() {
    this.addEventListener('click', (event) => {
      const id = event.target.closest('[data-material]')?.dataset.material;
      if (!id || this.hasAttribute('busy')) return;
      if (!connected()) return this.tell('网络中断，没有发送。恢复后再点一次。');
      window.sidebarClickedAt = Date.now();
      this.setAttribute('busy', '');
      this.tell('正在发送…');
      this.dispatchEvent(new CustomEvent('act', { detail: Number(id) }));
    });
  }
  tell(words) {
    this.querySelector('[role=status]').textContent = words;
  }
  done(words) {
    this.removeAttribute('busy');
    this.tell(words);
  }
}

class SideWords extends HTMLElement {
  static observedAttributes = ['offer'];
  connectedCallback() {
    this.addEventListener('input', () => this.typed());
    this.addEventListener('click', (event) => {
      const act = event.target.closest('[data-act]')?.dataset.act;
      if (act) this.act(act);
    });
    this.restore();
  }
  restore() {
    requestAnimationFrame(() => {
      if (!this.isConnected) return;
      if (!this.field || !this.dataset.key) return this.restore();
      const kept = stored(WORDS).find(([key]) => key === this.key)?.[1];
      this.base = kept?.base ?? this.offered?.text ?? '';
      this.about = kept?.about ?? this.offered?.about ?? '';
      this.field.value = kept?.text ?? this.base;
      this.ready = true;
      this.settle();
      // The server draws the buttons anew, and as if there were words to send.
      new MutationObserver(() => this.measure()).observe(this.querySelector('.side-actions'), { childList: true });
    });
  }
  attributeChangedCallback() {
    if (this.ready) this.settle();
  }
  get key() {
    return WORDS + this.dataset.key;
  }
  get field() {
    return this.querySelector('textarea');
  }
  get offered() {
    const offer = this.getAttribute('offer');
    return offer ? JSON.parse(offer) : null;
  }
  get text() {
    return this.field.value.trim();
  }
  // A new offer takes the place of one that nobody changed. Words of one's own stay, and the offer is announced.
  settle() {
    const offer = this.offered;
    const own = this.field.value !== this.base && this.text !== '';
    if (offer && offer.about !== this.about && (!own || offer.text === this.field.value)) {
      this.take(offer);
    } else if (!offer && !own) {
      this.take({ about: '', text: '' });
    }
    const newer = this.querySelector('.newer');
    if (newer) newer.hidden = !(offer && offer.about !== this.about);
    this.toggleAttribute('editing', this.hasAttribute('editing') || own || !offer || offer.about !== this.about);
    this.measure();
  }
  take({ about, text }) {
    this.about = about;
    this.base = text;
    this.field.value = text;
    this.toggleAttribute('editing', !text);
    this.forget();
  }
  forget() {
    localStorage.removeItem(this.key);
    this.state('');
  }
  typed() {
    if (this.field.value === this.base) this.forget();
    else {
      const words = { text: this.field.value, base: this.base, about: this.about, at: Date.now() };
      localStorage.setItem(this.key, JSON.stringify(words));
      this.state('已保存在本机');
    }
    this.measure();
  }
  state(words) {
    const place = this.querySelector('.kept-state');
    if (place) place.textContent = words;
  }
  measure() {
    const bytes = encoder.encode(this.text).length;
    const most = Number(this.dataset.bytes);
    const size = this.querySelector('.size');
    if (size) {
      size.textContent = `${window.grouped(bytes)} / ${window.grouped(most)}`;
      size.classList.toggle('bad', bytes > most);
    }
    const changed = this.field.value !== this.base;
    this.toggleAttribute('changed', changed);
    for (const button of this.querySelectorAll('[data-needs-words]')) {
      button.disabled = !bytes || bytes > most || this.hasAttribute('busy') || (button.hasAttribute('data-as-is') && changed);
    }
    const copy = this.querySelector('[data-copy-words]');
    if (copy) copy.dataset.copy = this.text;
    grow(this.field, 320);
  }
  act(act) {
    if (act === 'edit') {
      this.setAttribute('editing', '');
      this.measure();
      this.field.focus();
      return;
    }
    if (act === 'take') {
      this.take(this.offered);
      this.settle();
      return;
    }
    if (this.hasAttribute('busy')) return;
    if (!connected()) {
      this.state('网络中断，没有提交。文字还在，恢复后再点一次。');
      return;
    }
    window.sidebarClickedAt = Date.now();
    if (act !== 'another') this.busy(true);
    this.dispatchEvent(new CustomEvent('act', { detail: { act, text: this.text, about: this.about } }));
  }
  busy(on) {
    this.toggleAttribute('busy', on);
    this.measure();
  }
  // The server has an answer: `taken` are the words that need not be kept any longer.
  done(taken) {
    this.busy(false);
    if (taken !== null && this.text === taken) {
      this.field.value = '';
      this.base = '';
      this.about = this.offered?.about ?? '';
      this.forget();
      this.settle();
    }
    this.measure();
  }
  // Words from a list, behind what is there already.
  add(words) {
    this.setAttribute('editing', '');
    const before = this.field.value.trimEnd();
    this.field.value = before ? `${before}\n${words}` : words;
    this.typed();
    this.field.focus();
  }
}

// WeCom's script drops a promise of its own when it is refused; what came of it is heard by onAgentConfigFail.
addEventListener('unhandledrejection', (event) => {
  if (/config:/i.test(event.reason?.errMsg ?? '')) event.preventDefault();
});

customElements.define('side-bridge', SideBridge);
// What the parent said, pasted or typed, for the AI to answer. Till it was taken it stays in this tab, by member and parent.
class SideQuestion extends HTMLElement {
  connectedCallback() {
    this.addEventListener('click', (event) => {
      if (event.target.closest('button')) this.dispatchEvent(new CustomEvent('ask', { detail: this.field.value }));
    });
    this.addEventListener('input', () => {
      sessionStorage.setItem(this.place, this.field.value);
      grow(this.field, 240);
    });
    this.restore();
  }
  restore() {
    requestAnimationFrame(() => {
      if (!this.isConnected) return;
      if (!this.field || !this.dataset.key) return this.restore();
      this.field.value ||= sessionStorage.getItem(this.place) ?? '';
      grow(this.field, 240);
    });
  }
  get field() {
    return this.querySelector('textarea');
  }
  get place() {
    return `sidebar question ${this.dataset.key}`;
  }
  clear() {
    this.field.value = '';
    sessionStorage.removeItem(this.place);
    grow(this.field, 240);
  }
}

customElements.define('side-question', SideQuestion);
customElements.define('side-materials', SideMaterials);
customElements.define('side-words', SideWords);
