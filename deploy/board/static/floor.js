// The floor: the figures of everybody, of each team, rep or source, and how they went.

import { Chart } from "./charts.js";
import { Table, fill, h, mark, say } from "./dom.js";
import { NONE, clock, count, day, duration, share, some } from "./words.js";

const NAMES = { team: "Team", "team,temperature": "Temperature", rep: "Rep", source: "Source" };
const WINDOWS = { "1h": "This hour", "1d": "Today" };
const CHOSEN = "salespulse-floor";

export function floor(board, main, asked) {
  const choice = { by: board.about.shown_by[0], window: "1d", ...remembered(board) };
  const page = h("div", { class: "floor" });
  const heading = h("h1", { tabindex: "-1", class: "hidden" }, "Sales floor");
  const notice = h("p", { class: "note", hidden: true });
  const tiles = TILES.filter((tile) => !tile.needs || board.about.target).map((tile) => new Tile(tile));
  let table = null;
  let latest = null;
  let breached = null;

  const place = h("div", { class: "groups" });
  const more = h("p", { class: "nothing", hidden: true });
  const charts = new History(board, choice);
  main.append(page);
  page.append(
    heading,
    notice,
    h("section", { class: "tiles", "aria-label": "Now" }, tiles.map((tile) => tile.element)),
    h(
      "section",
      { class: "who", "aria-labelledby": "who" },
      h(
        "div",
        { class: "bar" },
        h("h2", { id: "who" }, "Who"),
        radios("by", "Shown by", Object.fromEntries(board.about.shown_by.map((by) => [by, NAMES[by]])), choice.by, choose),
        radios("window", "Window", WINDOWS, choice.window, choose),
      ),
      place,
      more,
    ),
    charts.element,
  );

  function choose(name, value) {
    choice[name] = value;
    try {
      localStorage.setItem(CHOSEN, JSON.stringify(choice));
    } catch {
      // It holds for this page then.
    }
    begin();
    charts.load();
  }

  function begin() {
    table = new Table(`Figures by ${NAMES[choice.by].toLowerCase()}`, columns(board, choice), {
      empty: "No figures yet.",
      sorted: { name: "open", down: true },
    });
    latest = null;
    place.replaceChildren(table.element);
    board.listen(`live?by=${encodeURIComponent(choice.by)}&window=${choice.window}`, { onfloor, onpulse });
  }

  function onfloor(found) {
    latest = found;
    show();
    if (breached !== null && found.total.breached > breached) {
      const text = `${some(found.total.breached, "clock")} past the deadline, ${found.total.breached - breached} more than before`;
      if (board.tell(text)) breached = found.total.breached;
    } else {
      breached = found.total.breached;
    }
    charts.teams(choice.by === "team" ? found.groups.map((group) => group.of[0]) : null);
  }

  function onpulse(pulse) {
    showNotice(notice, pulse, board);
    if (latest) {
      show();
      charts.now(pulse, latest);
    }
  }

  function show() {
    const context = { board, at: board.pulse ? Math.max(board.pulse.as_of ?? 0, board.at() - 60_000) : board.at(), pulse: board.pulse, target: board.about.target, choice };
    for (const tile of tiles) tile.show(latest, context);
    table.show(latest.groups.map((group) => ({ ...group, key: group.of.join("\u0000"), at: context.at })));
    more.hidden = !latest.more;
    say(more, latest.more ? `… and ${some(latest.more, "group")} more in which fewer leads wait` : "");
  }

  begin();
  charts.load();
  return { title: "Sales floor", leave: () => charts.leave() };
}

function remembered(board) {
  try {
    const kept = JSON.parse(localStorage.getItem(CHOSEN) || "{}");
    return {
      ...(board.about.shown_by.includes(kept.by) ? { by: kept.by } : {}),
      ...(kept.window in WINDOWS ? { window: kept.window } : {}),
    };
  } catch {
    return {};
  }
}

function showNotice(notice, pulse, board) {
  let text = "";
  if (pulse.owned < pulse.partitions) {
    const own = `This worker has ${pulse.owned} of ${pulse.partitions} partitions. `;
    text = pulse.others
      ? `${own}The rest is from ClickHouse, read at ${clock(pulse.others, board.about.timezone)}: a few seconds older.`
      : `${own}The rest is not in these numbers: ClickHouse, which has it, is not set or gives no answer.`;
  }
  notice.hidden = !text;
  say(notice, text);
}

function radios(name, legend, values, chosen, choose) {
  const buttons = Object.entries(values).map(([value, label]) =>
    h(
      "label",
      {},
      h("input", { type: "radio", name, value, checked: value === chosen, onchange: () => choose(name, value) }),
      h("span", {}, label),
    ),
  );
  return h("fieldset", { class: "choice" }, h("legend", { class: "hidden" }, legend), buttons);
}

export function link(which, of = {}, window = null) {
  const asked = new URLSearchParams({ which, ...of, ...(window ? { window } : {}) });
  return `#/leads?${asked}`;
}

function waits(since, at) {
  return since === null || since === undefined ? null : Math.max(0, (at - since) / 1000);
}

// Within the target, past the warning, past the target: never told by colour alone.
function judge(seconds, target) {
  if (seconds === null || seconds === undefined || !target) return [null, ""];
  if (seconds > target.seconds) return ["bad", "over the target"];
  if (seconds > target.warning) return ["warn", "near the target"];
  return ["good", "within the target"];
}

// Of a median among leads that still wait only what is over the target is known.
function judgeMedian(response, target) {
  const [state, words] = judge(response?.p50, target);
  return state !== "bad" && response?.at_least.includes("p50") ? [null, "not yet known against the target"] : [state, words];
}

function quantile(response, name) {
  if (!response || response[name] === null || response[name] === undefined) return NONE;
  return `${response.at_least.includes(name) ? "≥ " : ""}${duration(response[name])}`;
}

const TILES = [
  {
    label: "Hot leads waiting",
    href: () => link("waiting", { temperature: "hot" }),
    show: ({ hot }, { at, target }) => {
      const seconds = waits(hot.oldest, at);
      const [state, words] = judge(seconds, target);
      return { value: count(hot.open), state: hot.open ? state : "good", below: hot.open ? `the oldest for ${duration(seconds)}${words ? `, ${words}` : ""}` : "nobody waits" };
    },
  },
  {
    label: "Leads waiting",
    href: () => link("waiting"),
    show: ({ total }, { at }) => ({ value: count(total.open), below: total.open ? `the oldest for ${duration(waits(total.oldest, at))}` : "nobody waits" }),
  },
  {
    label: "At risk",
    needs: "policies",
    href: () => link("at_risk"),
    show: ({ total }) => ({ value: count(total.at_risk), state: total.at_risk ? "warn" : "good", below: total.at_risk ? "clocks past a warning" : "no clock is past a warning" }),
  },
  {
    label: "Breached",
    needs: "policies",
    href: () => link("breached"),
    show: ({ total }) => ({ value: count(total.breached), state: total.breached ? "bad" : "good", below: total.breached ? "clocks past their deadline" : "no clock is past its deadline" }),
  },
  {
    label: "Response time",
    href: (choice) => link("engaged", {}, choice.window),
    show: ({ total }, { target, choice }) => {
      const [state, words] = judgeMedian(total.response, target);
      const when = WINDOWS[choice.window].toLowerCase();
      const goal = target ? `${words} of ${duration(target.seconds)}; ` : "";
      if (!total.response) return { value: NONE, below: `nobody engaged ${when}` };
      if (!total.response.answered) return { value: NONE, below: `none of ${some(total.response.open, "lead")} of ${when} is answered yet` };
      return { value: quantile(total.response, "p50"), state, below: `median of ${when}; ${goal}9 of 10 in ${quantile(total.response, "p90")}` };
    },
  },
  {
    label: "Followed up",
    href: (choice) => link("engaged", {}, choice.window),
    show: ({ total }, { choice }) => ratioTile(total.followed_up, "new leads", choice),
  },
  { label: "Replied", show: ({ total }, { choice }) => ratioTile(total.replied, "leads contacted", choice) },
  { label: "Kept in time", needs: "policies", show: ({ total }, { choice }) => ratioTile(total.kept, "first responses due", choice) },
];

function ratioTile(found, of, choice) {
  const when = WINDOWS[choice.window].toLowerCase();
  return found ? { value: share(found.share), below: `${count(found.hits)} of ${count(found.of)} ${of}, ${when}` } : { value: NONE, below: `no ${of} ${when}` };
}

class Tile {
  constructor(tile) {
    this.tile = tile;
    this.value = h("p", { class: "value" });
    this.below = h("p", { class: "below" });
    this.name = h("h2");
    this.element = h("article", { class: "tile" }, this.name, this.value, this.below);
    fill(this.name, { text: tile.label });
  }

  show(found, context) {
    const { value, below, state = null } = this.tile.show(found, context);
    say(this.value, value);
    say(this.below, below);
    mark(this.element, "data-state", state);
    fill(this.name, { text: this.tile.label, href: this.tile.href?.(context.choice) ?? null });
  }
}

function columns(board, choice) {
  const names = choice.by.split(",");
  const of = (row) => Object.fromEntries(names.map((name, n) => [name, row.of[n]]));
  const number = (name, label, level, cell, sort) => ({ name, label, level, number: true, cell, sort });
  const listed = (name, label, which, level, state = null) =>
    number(name, label, level, (row) => ({ text: count(row[name]), href: row[name] ? link(which, of(row)) : null, state: row[name] ? state : null }), (row) => row[name]);
  const ratio = (name, label, level) =>
    number(name, label, level, (row) => ({ text: share(row[name]?.share), title: row[name] ? `${count(row[name].hits)} of ${count(row[name].of)}` : null }), (row) => row[name]?.share);
  const clocks = board.about.target ? [listed("at_risk", "At risk", "at_risk", 2, "warn"), listed("breached", "Breached", "breached", 1, "bad")] : [];
  return [
    { name: "of", label: choice.by === "team,temperature" ? "Team and temperature" : NAMES[choice.by], cell: (row) => ({ text: row.of.join(" · ") }), sort: (row) => row.of.join(" ") },
    ...(choice.by === "team" ? [number("hot", "Hot", 1, (row) => ({ text: count(row.hot), href: row.hot ? link("waiting", { team: row.of[0], temperature: "hot" }) : null }), (row) => row.hot)] : []),
    listed("open", "Waiting", "waiting", 1),
    number("oldest", "Oldest", 2, (row) => ({ text: row.open ? duration(waits(row.oldest, row.at)) : NONE }), (row) => -(row.oldest ?? Number.MAX_SAFE_INTEGER)),
    ...clocks,
    number("created", "New", 2, (row) => ({ text: count(row.created), href: row.created ? link("engaged", of(row), choice.window) : null }), (row) => row.created),
    number("p50", "Median answer", 1, (row) => ({ text: quantile(row.response, "p50"), state: judgeMedian(row.response, board.about.target)[0] === "bad" ? "bad" : null }), (row) => row.response?.p50),
    number("p90", "9 of 10 in", 3, (row) => ({ text: quantile(row.response, "p90") }), (row) => row.response?.p90),
    ratio("followed_up", "Followed up", 2),
    ratio("replied", "Replied", 2),
    ...(board.about.target ? [ratio("kept", "Kept in time", 3)] : []),
  ];
}

class History {
  constructor(board, choice) {
    this.board = board;
    this.choice = choice;
    this.team = "";
    this.past = [];
    this.recorded = null;
    this.select = h("select", { id: "of", onchange: () => this.pick() }, h("option", { value: "" }, "everybody"));
    this.note = h("p", { class: "note", hidden: true });
    const zone = board.about.timezone;
    this.waiting = new Chart("Leads waiting, the last hour", {
      series: [{ label: "all", color: "--line-1" }, { label: "hot", color: "--line-2" }, { label: "breached clocks", color: "--line-3" }],
      value: count,
      zone,
    });
    this.response = new Chart("Response time", {
      series: [{ label: "median", color: "--line-1" }, { label: "9 of 10", color: "--line-2" }, ...(board.about.target ? [{ label: "target of hot leads", color: "--line-3", dash: true }] : [])],
      value: duration,
      isLog: true,
      zone,
    });
    this.shares = new Chart("Followed up and replied", {
      series: [{ label: "followed up", color: "--line-1" }, { label: "replied", color: "--line-2" }],
      value: share,
      range: [0, 1],
      zone,
    });
    this.element = h(
      "section",
      { class: "history", "aria-labelledby": "history" },
      h("div", { class: "bar" }, h("h2", { id: "history" }, "How it goes"), h("label", { for: "of" }, "History of ", this.select)),
      this.note,
      h("div", { class: "charts" }, this.waiting.element, this.response.element, this.shares.element),
    );
    this.again = setInterval(() => this.load(), 60_000);
  }

  teams(names) {
    if (!names || this.team || names.join() === this.named) return;
    this.named = names.join();
    this.select.replaceChildren(h("option", { value: "" }, "everybody"), ...[...names].sort().map((name) => h("option", { value: name }, name)));
  }

  pick() {
    this.team = this.select.value;
    this.load();
  }

  async load() {
    let window = this.choice.window;
    const ask = (each) => this.board.ask(`history?window=${each}${this.team ? `&team=${encodeURIComponent(this.team)}` : ""}`);
    try {
      if (!this.past.length) this.past = await this.board.ask("past");
      let found = await ask(window);
      // On the first day there is nothing to be seen by day.
      if (window === "1d" && found.start.length < 2) {
        window = "1h";
        found = await ask(window);
      }
      this.recorded = found;
      this.note.hidden = true;
    } catch (error) {
      this.recorded = null;
      say(this.note, `No history: ${error.message}`);
      this.note.hidden = false;
    }
    this.draw(window);
  }

  draw(window) {
    const zone = this.board.about.timezone;
    this.waiting.show(this.past.map(([at]) => at), [1, 2, 4].map((n) => this.past.map((point) => point[n])), (at) => clock(at, zone));
    const found = this.recorded;
    this.response.element.hidden = this.shares.element.hidden = !found;
    if (!found) return;
    const when = window === "1h" ? (at) => `${day(at, zone)} ${clock(at, zone).slice(0, 5)}` : (at) => day(at, zone);
    const span = window === "1h" ? "by hour, two days" : "by day, 60 days";
    const target = this.board.about.target;
    this.response.name(`Response time, ${span}`);
    this.shares.name(`Followed up and replied, ${span}`);
    this.response.show(found.start, [found.p50, found.p90, ...(target ? [found.start.map(() => target.seconds)] : [])], when);
    this.shares.show(found.start, [found.followed_up, found.replied], when);
  }

  now(pulse, latest) {
    const last = this.past.at(-1);
    if (pulse.as_of === null || (last && pulse.at - last[0] < 5000)) return;
    this.past.push([pulse.at, latest.total.open, latest.hot.open, latest.total.at_risk, latest.total.breached, pulse.rate]);
    while (this.past.length && pulse.at - this.past[0][0] > 3_600_000) this.past.shift();
    this.waiting.show(this.past.map(([at]) => at), [1, 2, 4].map((n) => this.past.map((point) => point[n])), (at) => clock(at, this.board.about.timezone));
  }

  leave() {
    clearInterval(this.again);
    for (const chart of [this.waiting, this.response, this.shares]) chart.leave();
  }
}
