// <figure-chart shape="columns|bars|heat" series='["家长", …]' rows='[["03-02", 3, 1], …]'> draws a few numbers with
// boxes, in the colours of the page. Its numbers stand beside it in words, too: to a screen reader it is one picture.

function made(name, className, words = '') {
  const box = document.createElement(name);
  box.className = className;
  box.textContent = words;
  return box;
}

function legend(series) {
  const list = made('div', 'legend');
  series.forEach((word, place) => {
    const entry = made('span', '', word);
    entry.prepend(made('i', `series-${place}`));
    list.append(entry);
  });
  return list;
}

function columns(chart, series, rows) {
  const totals = rows.map(([, ...numbers]) => numbers.reduce((sum, number) => sum + number, 0));
  const most = Math.max(1, ...totals);
  const every = Math.ceil(rows.length / Math.max(4, Math.floor((chart.clientWidth || 600) / 58)));
  const plot = made('div', 'plot');
  rows.forEach(([label, ...numbers], place) => {
    const column = made('div', 'upright');
    column.title = [label, ...series.map((word, one) => `${word} ${numbers[one]}`)].join('\n');
    const stack = made('div', 'stacked');
    numbers.forEach((number, one) => {
      if (!number) return;
      const part = made('div', `series-${one}`);
      part.style.height = `${(number / most) * 100}%`;
      stack.prepend(part);
    });
    column.append(stack, made('span', 'label', place % every ? '' : label));
    plot.append(column);
  });
  const axis = made('div', 'axis');
  axis.append(made('span', '', window.grouped(most)), made('span', '', '0'));
  const whole = made('div', 'with-axis');
  whole.append(axis, plot);
  chart.append(whole);
  if (series.length > 1) chart.append(legend(series));
}

function bars(chart, _series, rows) {
  const most = Math.max(1, ...rows.map(([, number]) => number));
  rows.forEach(([label, number]) => {
    const track = made('span', 'track');
    const fill = made('span', 'series-1');
    fill.style.width = `${(number / most) * 100}%`;
    track.append(fill);
    chart.append(made('span', 'label', label), track, made('span', 'num', window.grouped(number)));
  });
}

function heat(chart, series, rows) {
  const most = Math.max(1, ...rows.flatMap(([, ...numbers]) => numbers));
  chart.append(made('span', ''));
  series.forEach((word, place) => chart.append(made('span', 'label hour', place % 3 ? '' : String(place))));
  rows.forEach(([label, ...numbers]) => {
    chart.append(made('span', 'label', label));
    numbers.forEach((number, place) => {
      const square = made('span', 'square');
      square.title = `${label} ${series[place]}：${number}`;
      square.style.setProperty('--part', `${Math.round((number / most) * 100)}%`);
      chart.append(square);
    });
  });
}

const SHAPES = { columns, bars, heat };

class FigureChart extends HTMLElement {
  static observedAttributes = ['rows'];
  connectedCallback() {
    this.draw();
  }
  attributeChangedCallback() {
    if (this.isConnected) this.draw();
  }
  draw() {
    this.replaceChildren();
    this.setAttribute('role', 'img');
    const shape = this.getAttribute('shape');
    SHAPES[shape](this, JSON.parse(this.getAttribute('series')), JSON.parse(this.getAttribute('rows')));
  }
}

customElements.define('figure-chart', FigureChart);
