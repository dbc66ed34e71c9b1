// <way-back> tells, as a `back` event with the address, that somebody went back or forth between addresses of one page.

class WayBack extends HTMLElement {
  connectedCallback() {
    window.addEventListener('popstate', this);
  }
  disconnectedCallback() {
    window.removeEventListener('popstate', this);
  }
  handleEvent() {
    this.dispatchEvent(new CustomEvent('back', { detail: location.pathname + location.search }));
  }
}

customElements.define('way-back', WayBack);
