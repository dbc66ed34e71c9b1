// <conversation-row says="…"> draws what the list tells of one conversation. One element of the server's instead of
// fifteen: with fifty lists open, a message must change each of them at once. All of it is put in as text.

class ConversationRow extends HTMLElement {
  static observedAttributes = ['says'];
  attributeChangedCallback(_name, before, says) {
    if (says !== before) this.draw(JSON.parse(says));
  }
  draw({ unread, title, since, at, text, marks }) {
    const head = made('div', 'row');
    if (unread) head.append(made('span', 'unread', `${unread} 条未读`));
    head.append(made('b', 'grow clip', title), since ? moment('waiting-clock', 'since', since) : moment('time-ago', 'at', at));
    const parts = [head, made('div', 'clip muted', text)];
    if (marks.length) {
      const row = made('div', 'row marks');
      row.append(...marks.map(([words, kind]) => made('span', kind, words)));
      parts.push(row);
    }
    this.replaceChildren(...parts);
  }
}

function made(tag, kind, words = '') {
  const one = document.createElement(tag);
  one.className = kind;
  one.textContent = words;
  return one;
}

function moment(tag, name, value) {
  const one = document.createElement(tag);
  one.setAttribute(name, value);
  return one;
}

customElements.define('conversation-row', ConversationRow);
