// Lines over time with uPlot. A canvas says nothing to a screen reader: beside it are a sentence and, folded, a table.

import { h, say } from "./dom.js";

const HEIGHT = 200;
const ROWS = 60;

export class Chart {
  constructor(title, { series, value, zone, range = null, isLog = false }) {
    this.series = series;
    this.value = value;
    this.zone = zone;
    this.range = range;
    this.isLog = isLog;
    this.heading = h("h3", {}, title);
    this.summary = h("p", { class: "hidden" });
    this.place = h("div", { class: "plot", "aria-hidden": "true" });
    this.rows = h("tbody");
    const heads = series.filter((each) => !each.dash);
    this.table = h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "when"), heads.map((each) => h("th", { scope: "col", class: "number" }, each.label)))), this.rows);
    this.details = h("details", { ontoggle: () => this.#list() }, h("summary", {}, "As a table"), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${title}, as a table` }, this.table));
    this.empty = h("p", { class: "nothing" }, "Nothing yet.");
    this.element = h("figure", { class: "chart" }, h("figcaption", {}, this.heading, this.summary), this.place, this.empty, this.details);
    this.redraw = () => this.#make();
    this.sized = new ResizeObserver(() => this.#resize());
    this.sized.observe(this.place);
    document.addEventListener("theme", this.redraw);
  }

  name(title) {
    say(this.heading, title);
  }

  show(at, values, when) {
    this.when = when;
    this.data = [at.map((each) => each / 1000), ...values.map((each) => (this.isLog ? each.map((v) => (v === null ? null : Math.max(v, 1))) : each))];
    const isEmpty = at.length < 2;
    this.empty.hidden = !isEmpty;
    this.place.hidden = this.details.hidden = isEmpty;
    if (isEmpty) return;
    const last = this.series.flatMap((each, n) => (each.dash ? [] : [`${each.label} ${this.value(values[n].at(-1))}`]));
    say(this.summary, `Last, ${when(at.at(-1))}: ${last.join(", ")}`);
    if (!this.plot) this.#make();
    else {
      this.plot.setData(this.data);
      if (this.plot.cursor.idx === null || this.plot.cursor.left < 0) this.#last(this.plot);
    }
    this.#list();
  }

  #list() {
    if (!this.details.open || !this.data) return;
    const [at, ...values] = this.data;
    const shown = this.series.flatMap((each, n) => (each.dash ? [] : [values[n]]));
    const from = Math.max(0, at.length - ROWS);
    this.rows.replaceChildren(
      ...at.slice(from).map((each, n) => h("tr", {}, h("th", { scope: "row" }, this.when(each * 1000)), shown.map((column) => h("td", { class: "number" }, this.value(column[from + n]))))).reverse(),
    );
  }

  // The legend speaks of the last point while nobody points at another.
  #last(plot) {
    plot.setLegend({ idx: this.data[0].length - 1 });
  }

  #make() {
    if (!this.data || !this.place.clientWidth) return;
    this.plot?.destroy();
    const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const axis = { stroke: color("--muted"), grid: { stroke: color("--grid"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const options = {
      width: this.place.clientWidth,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), this.zone),
      hooks: { setCursor: [(plot) => plot.cursor.left < 0 && this.#last(plot)] },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: { x: { time: true }, y: this.range ? { range: this.range } : this.isLog ? { distr: 3 } : { range: (plot, low, high) => [0, Math.max(high * 1.1, 1)] } },
      axes: [
        { ...axis, values: [[86400, "{DD} {MMM}"], [3600, "{HH}:{mm}", "\n{DD} {MMM}"], [60, "{HH}:{mm}"], [1, "{HH}:{mm}:{ss}"]].map(([size, near, far = null]) => [size, near, far, null, far, null, null, null, 1]) },
        { ...axis, size: 62, values: (plot, ticks) => ticks.map((tick) => (tick === null ? "" : this.value(tick))) },
      ],
      series: [
        { value: (plot, seconds) => (seconds === null ? "" : this.when(seconds * 1000)), label: "at" },
        ...this.series.map((each) => ({
          label: each.label,
          stroke: color(each.color),
          width: each.dash ? 1.5 : 2,
          dash: each.dash ? [6, 4] : undefined,
          spanGaps: true,
          points: { show: this.data[0].length < 40 && !each.dash, size: 5 },
          value: (plot, value) => (value === null ? "" : this.value(value)),
        })),
      ],
    };
    this.plot = new uPlot(options, this.data, this.place);
    this.#last(this.plot);
  }

  #resize() {
    if (!this.plot) this.#make();
    else if (this.place.clientWidth && this.place.clientWidth !== this.plot.width) this.plot.setSize({ width: this.place.clientWidth, height: HEIGHT });
  }

  leave() {
    this.sized.disconnect();
    document.removeEventListener("theme", this.redraw);
    this.plot?.destroy();
    this.plot = null;
  }
}
