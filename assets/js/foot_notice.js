// <foot-notice> stands above what one writes or decides with, however tall that is, and low on a page without it.

const FOOT = 'reply-box, .decision';
const GAP = 12;

class FootNotice extends HTMLElement {
  connectedCallback() {
    this.sizes = new ResizeObserver(() => this.place());
    this.sizes.observe(this); // also when it is shown
  }
  disconnectedCallback() {
    this.sizes.disconnect();
  }
  place() {
    if (!this.offsetHeight) return;
    const foot = document.querySelector(FOOT);
    if (foot) this.sizes.observe(foot); // another one has taken the place of the last
    const above = foot?.offsetHeight && innerHeight - foot.getBoundingClientRect().top + GAP;
    this.style.bottom = above ? `${Math.min(above, innerHeight - this.offsetHeight - GAP)}px` : '';
  }
}

customElements.define('foot-notice', FootNotice);
