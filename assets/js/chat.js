// <chat-scroll> stays at the newest line unless the reader went up, and never moves what is being read.

const NEAR = 60;

class ChatScroll extends HTMLElement {
  connectedCallback() {
    this.atEnd = true;
    this.leftAt = this.scrollTop;
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
    this.atEnd = this.isNearEnd();
    this.hold();
    if (this.scrollTop < NEAR && !this.atEnd) this.querySelector('.older button:not([disabled])')?.click();
  }
  isNearEnd() {
    return this.scrollHeight - this.scrollTop - this.clientHeight < NEAR;
  }
  hold() {
    this.leftAt = this.scrollTop;
    const top = this.getBoundingClientRect().top;
    this.held = [...this.querySelectorAll('[data-seq]')].find((line) => line.getBoundingClientRect().bottom > top);
    this.heldAt = this.held?.getBoundingClientRect().top;
  }
  settle() {
    const moved = this.scrollTop - this.leftAt; // by the reader: the event comes no sooner than the next frame
    if (moved < 0) this.atEnd = this.isNearEnd();
    if (this.atEnd) {
      this.scrollTop = this.scrollHeight;
    } else if (this.held?.isConnected) {
      this.scrollTop += this.held.getBoundingClientRect().top - this.heldAt + moved;
    }
    this.hold();
  }
  // The line from which on is to be read, after a jump to a day.
  toLine(seq) {
    this.atEnd = false;
    this.held = this.querySelector(`[data-seq="${seq}"]`);
    const above = this.held?.previousElementSibling; // its day, where it is the first of one
    (above?.matches('h2') ? above : this.held)?.scrollIntoView({ block: 'start' });
    this.hold();
  }
  toEnd() {
    this.atEnd = true;
    this.leftAt = this.scrollTop;
    this.settle();
  }
}

customElements.define('chat-scroll', ChatScroll);
