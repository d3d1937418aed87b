// The leads behind a number.

import { Table, h, say } from "./dom.js";
import { duration, moment, plain, some } from "./words.js";

const WHICH = { waiting: "Leads waiting for their first touch", at_risk: "Clocks at risk", breached: "Clocks past their deadline", engaged: "New leads" };
const WINDOWS = { "1h": "this hour", "1d": "today" };
const DIMENSIONS = ["team", "rep", "temperature", "source"];
const AGAIN_MS = 5000;

export function leads(board, main, asked) {
  const which = asked.get("which") in WHICH ? asked.get("which") : "waiting";
  const window = asked.get("window") in WINDOWS ? asked.get("window") : "1d";
  const of = Object.fromEntries(DIMENSIONS.filter((name) => asked.has(name)).map((name) => [name, asked.get(name)]));
  const isClock = which === "at_risk" || which === "breached";
  const words = Object.entries(of).map(([name, value]) => `${name} ${value}`);
  const title = [`${WHICH[which]}${which === "engaged" ? ` ${WINDOWS[window]}` : ""}`, ...words].join(" · ");
  const said = h("p", { class: "about" }, "…");
  const problem = h("p", { class: "note", hidden: true });
  const tabs = h(
    "nav",
    { class: "tabs", "aria-label": "Which leads" },
    Object.entries(WHICH)
      .filter(([name]) => board.about.target || !["at_risk", "breached"].includes(name))
      .map(([name, label]) => h("a", { href: `#/leads?${new URLSearchParams({ which: name, ...of })}`, "aria-current": name === which ? "page" : null }, label)),
  );
  const without = Object.keys(of).map((name) => {
    const left = { ...of };
    delete left[name];
    return h("a", { class: "chip", href: `#/leads?${new URLSearchParams({ which, ...left, window })}` }, `${name} ${of[name]} `, h("span", { "aria-hidden": "true" }, "×"), h("span", { class: "hidden" }, "(show all)"));
  });
  const table = new Table(title, isClock ? CLOCKS(board) : LEADS(board, which), { empty: isClock ? "No such clock." : "No such lead." });
  main.append(h("h1", { tabindex: "-1" }, title), tabs, h("p", { class: "chips" }, without), said, problem, table.element);

  let found = [];
  let isOver = false;
  async function load() {
    try {
      const answer = await board.ask("leads", { which, of, window });
      if (isOver) return;
      found = answer.leads.map((lead) => ({ ...lead, key: `${lead.lead} ${lead.policy || ""} ${lead.clock || ""} ${lead.started_at || ""}` }));
      const shown = answer.total > found.length ? `, the first ${found.length} of them here` : "";
      say(said, `${some(answer.total, isClock ? "clock" : "lead")}${shown}. From ClickHouse: a few seconds behind the floor.`);
      problem.hidden = true;
    } catch (error) {
      say(problem, error.message);
      problem.hidden = false;
      say(said, "");
    }
    show();
  }
  const show = () => table.show(found);

  board.listen("live", { onpulse: show });
  load();
  const again = setInterval(load, AGAIN_MS);
  return {
    title,
    leave: () => {
      isOver = true;
      clearInterval(again);
    },
  };
}

const name = { name: "lead", label: "Lead", cell: (row) => ({ text: row.lead, href: `#/lead/${encodeURIComponent(row.lead)}` }), sort: (row) => row.lead };
const text = (key, label, level = 1) => ({ name: key, label, level, cell: (row) => ({ text: plain(row[key] || "–"), state: row[key] === "hot" ? "hot" : null }), sort: (row) => row[key] || "" });

function LEADS(board, which) {
  const zone = board.about.timezone;
  const wait = which === "waiting"
    ? { name: "waits", label: "Waits", number: true, cell: (row) => ({ text: duration(Math.max(0, board.at() - row.engaged_at) / 1000) }), sort: (row) => -row.engaged_at }
    : { name: "answered", label: "Answered after", number: true, cell: (row) => ({ text: row.answered_after === null ? "not yet" : duration(row.answered_after) }), sort: (row) => row.answered_after };
  return [name, wait, text("temperature", "Temperature"), text("team", "Team"), text("rep", "Rep", 2), text("source", "Source", 2), { name: "engaged", label: `Engaged (${zone})`, level: 3, cell: (row) => ({ text: moment(row.engaged_at, zone) }), sort: (row) => row.engaged_at }];
}

// at_risk:0.8 is a warning at 80 % of the target, escalated:1 the first escalation.
function told(step) {
  const [name, which = ""] = step.replace("sla.", "").split(":");
  return `${plain(name)}${which ? (name === "at_risk" ? ` ${Math.round(which * 100)} %` : ` ${which}`) : ""}`;
}

function CLOCKS(board) {
  const zone = board.about.timezone;
  const due = (row) => (row.due_at ? Date.parse(row.due_at) : null);
  return [
    name,
    {
      name: "due",
      label: "Due",
      number: true,
      cell: (row) => {
        if (due(row) === null) return { text: "stands still" };
        const left = (due(row) - board.at()) / 1000;
        return { text: left < 0 ? `${duration(-left)} ago` : `in ${duration(left)}`, state: left < 0 ? "bad" : "warn", title: moment(due(row), zone) };
      },
      sort: due,
    },
    text("clock", "Clock", 2),
    text("team", "Team"),
    text("rep", "Rep", 2),
    text("temperature", "Temperature", 2),
    text("policy", "Policy", 2),
    { name: "steps", label: "Told so far", level: 3, cell: (row) => ({ text: [...new Set(row.steps.map(told))].join(", ") }) },
  ];
}
