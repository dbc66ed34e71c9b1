// <kept-words name="conversation-7" about="draft-12"> holds a text field. What is typed in it stays in this tab until
// the server says it has it (`saved`), so that neither a reload nor a dead server loses a word. What an earlier visit
// left is handed over as a `kept` event: {about, text}.

class KeptWords extends HTMLElement {
  static observedAttributes = ['saved'];
  connectedCallback() {
    this.addEventListener('input', this);
    this.handOver();
  }
  disconnectedCallback() {
    this.removeEventListener('input', this);
  }
  get place() {
    return `kept ${this.getAttribute('name')}`;
  }
  handleEvent(event) {
    const words = { about: this.getAttribute('about'), text: event.target.value };
    sessionStorage.setItem(this.place, JSON.stringify(words));
  }
  handOver() {
    const words = sessionStorage.getItem(this.place);
    if (!words || !this.isConnected) return;
    if (window.did_handshake) this.dispatchEvent(new CustomEvent('kept', { detail: JSON.parse(words) }));
    else setTimeout(() => this.handOver(), 100);
  }
  attributeChangedCallback(_name, _before, saved) {
    const words = sessionStorage.getItem(this.place);
    if (words && JSON.parse(words).text === saved) sessionStorage.removeItem(this.place);
  }
}

customElements.define('kept-words', KeptWords);
