// <time-ago at="…"> and <waiting-clock since="…"> tick in the browser, in the reader's time zone. Moments are ISO 8601.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function whole(moment) {
  return moment.toLocaleString('zh-CN', { hour12: false });
}

function ago(moment) {
  const passed = Date.now() - moment;
  if (passed < -MINUTE) return whole(moment);
  if (passed < MINUTE) return '刚刚';
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} 分钟前`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} 小时前`;
  const two = (number) => String(number).padStart(2, '0');
  const day = `${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  if (moment.getFullYear() !== new Date().getFullYear()) return `${moment.getFullYear()}-${day}`;
  return `${day} ${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

function waited(moment) {
  const seconds = Math.max(0, Math.floor((Date.now() - moment) / 1000));
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} 小时 ${Math.floor((seconds % 3600) / 60)} 分`;
  return `${Math.floor(seconds / 86400)} 天`;
}

class Ticking extends HTMLElement {
  connectedCallback() {
    this.tick();
    this.timer = setInterval(() => this.tick(), this.constructor.pace);
  }
  disconnectedCallback() {
    clearInterval(this.timer);
  }
  attributeChangedCallback() {
    if (this.isConnected) this.tick();
  }
}

class TimeAgo extends Ticking {
  static observedAttributes = ['at'];
  static pace = 20_000;
  tick() {
    const moment = new Date(this.getAttribute('at'));
    this.textContent = ago(moment);
    this.title = whole(moment);
  }
}

class WaitingClock extends Ticking {
  static observedAttributes = ['since'];
  static pace = 1000;
  tick() {
    const moment = new Date(this.getAttribute('since'));
    const minutes = (Date.now() - moment) / MINUTE;
    this.textContent = waited(moment);
    this.title = `自 ${whole(moment)} 起等待`;
    this.classList.toggle('late', minutes > 15);
    this.classList.toggle('soon', minutes > 5 && minutes <= 15);
  }
}

customElements.define('time-ago', TimeAgo);
customElements.define('waiting-clock', WaitingClock);
