// One lead explained: what happened, what it counts as, its clocks, and where it is counted.

import { Table, h } from "./dom.js";
import { duration, moment, plain } from "./words.js";

export function lead(board, main, asked, id) {
  const body = h("div", {}, h("p", { class: "nothing" }, "Reading its events…"));
  const again = h("button", { type: "button", onclick: () => load() }, "Read again");
  const crm = crmLink(board.about.crm_url, id);
  main.append(h("div", { class: "bar" }, h("h1", { tabindex: "-1" }, `Lead ${id}`), crm, again), body);
  board.listen("live");

  async function load() {
    again.disabled = true;
    try {
      body.replaceChildren(...account(await board.ask("lead", { lead: id })));
    } catch (error) {
      body.replaceChildren(h("p", { class: "note" }, error.message));
    }
    again.disabled = false;
  }

  load();
  return { title: `Lead ${id}` };
}

// An address from the policy file; only what a browser opens as a page.
function crmLink(template, id) {
  if (!template || !/^https?:\/\//.test(template)) return null;
  const href = template.replaceAll("{lead}", encodeURIComponent(id));
  return h("a", { href, target: "_blank", rel: "noopener noreferrer" }, "In the CRM");
}

function account(found) {
  const at = (when) => moment(when, found.zone);
  const parts = [h("p", { class: "about" }, `As of ${at(found.at)} (${found.zone}), from the events recorded in ClickHouse. Clocks are judged by the policies as they are now.`)];
  if (found.merged_into) parts.push(h("p", { class: "note" }, "It was merged into ", leadLink(found.merged_into), " and counts there."));
  if (found.merged_from.length) parts.push(h("p", { class: "note" }, "Merged into it: ", found.merged_from.flatMap((each, n) => [n ? ", " : "", leadLink(each)])));
  if (found.truncated) parts.push(h("p", { class: "note bad" }, "It has more events than are kept: what came later is not counted."));
  parts.push(...found.engagements.map((each) => engagement(each, at, found.engagements.length)));
  if (found.clocks.length) parts.push(section("Clocks", ...found.clocks.map(clock)));
  parts.push(events(found, at), places(found, at));
  return parts;
}

function section(title, ...children) {
  return h("section", { class: "part" }, h("h2", {}, title), children);
}

function facts(pairs) {
  return h(
    "dl",
    { class: "facts" },
    pairs.filter(([, value]) => value).map(([name, value]) => h("div", { class: value instanceof Element ? "list" : null }, h("dt", {}, name), h("dd", {}, value))),
  );
}

function engagement(each, at, of) {
  const owners = each.owners.map((held) => `${held.owner} of ${held.team}, ${at(held.since)}${held.until ? ` until ${at(held.until)}` : " on"}`);
  const leaves = each.duplicate ? ", and as a duplicate in no KPI" : "";
  return section(
    of > 1 ? `Engagement ${each.number}` : "Engagement",
    facts([
      ["Engaged", at(each.engaged_at)],
      ["Answered", each.response_seconds === null ? "by nobody yet" : `after ${duration(each.response_seconds)}`],
      ["Contact", each.contact_seconds === null ? "not made" : `made after ${duration(each.contact_seconds)}`],
      ["Touches", String(each.touches)],
      ["Counts for", `${each.owner} of ${each.team}`],
      ...Object.entries(each.dimensions).map(([name, value]) => [name[0].toUpperCase() + name.slice(1), value]),
      ["Closed", each.closed_at ? `${at(each.closed_at)}: ${each.close_reason || "no reason given"}${leaves}` : null],
      ["Owners", owners.length ? h("ul", {}, owners.map((text) => h("li", {}, text))) : null],
    ]),
  );
}

const STATES = { running: "waiting", met: "good", breached: "bad", cancelled: null };

function clock(told) {
  const at = (when) => moment(when, told.zone);
  const reckoned = told.reckoning.map((line) => [at(line.start), line.end ? at(line.end) : "…", duration(line.seconds), duration(line.passed_seconds)]);
  const list = (items) => (items.length ? h("ul", {}, items.map((text) => h("li", {}, text))) : null);
  return h(
    "article",
    { class: "clock", "data-state": STATES[told.outcome] },
    h("h3", {}, `${plain(told.clock)} by ${told.policy}: ${told.outcome}`),
    h("p", {}, told.sentence),
    facts([
      ["Target", `${told.target}, from ${at(told.started_at)} (${told.zone})`],
      ["Due", told.due_at ? at(told.due_at) : "never: it stands still"],
      ["Business time so far", duration(told.business_seconds)],
      ["Paused", told.paused_seconds ? `${duration(told.paused_seconds)} in all: the clock stood still` : null],
      ["Owner", told.responsible !== told.owner ? `${told.owner}; ${told.responsible} stands in` : told.owner],
      ["Rules, as tried", list(told.rules)],
      ["Warnings", list(Object.entries(told.warnings).map(([share, when]) => `${at(when)}, at ${Math.round(share * 100)} % of the target`))],
      ["Escalations", list(Object.entries(told.escalations).map(([step, when]) => `${at(when)}, step ${step}`))],
      ["Announced", list(told.announced.map((text) => text.replace(/ at (\S+)$/, (_, when) => `, ${at(when)}`)))],
    ]),
    reckoned.length
      ? h("details", {}, h("summary", {}, "How the deadline was reckoned"), simple(["open from", "until", "passes", "in all"], reckoned))
      : null,
  );
}

function simple(heads, rows) {
  return h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell)))))));
}

function events(found, at) {
  const table = new Table("What happened, and what it counts as", [
    { name: "at", label: "When", cell: (row) => ({ text: at(row.at) }) },
    { name: "type", label: "Event", cell: (row) => ({ text: row.type + (row.subject === found.lead ? "" : ` of ${row.subject}`), title: `${row.source}/${row.id}` }) },
    { name: "counts_as", label: "Counts as", cell: (row) => ({ text: row.counts_as }) },
    { name: "by", label: "By", level: 2, cell: (row) => ({ text: row.by || "–" }) },
    { name: "owner", label: "Owner then", level: 3, cell: (row) => ({ text: row.owner || "–" }) },
  ]);
  table.show(found.events.map((event, n) => ({ ...event, key: n })));
  return section("What happened, and what it counts as", table.element);
}

function places(found, at) {
  const table = new Table("Where it is counted", [
    { name: "kpi", label: "KPI", cell: (row) => ({ text: plain(row.kpi) }) },
    { name: "adds", label: "Adds", cell: (row) => ({ text: row.adds }) },
    { name: "at", label: "At", level: 2, cell: (row) => ({ text: at(row.at) }) },
    { name: "window", label: `Hour and day (${found.days_of})`, level: 3, cell: (row) => ({ text: windows(row.windows, found.days_of) }) },
    { name: "of", label: "Of", level: 2, cell: (row) => ({ text: Object.values(row.dimensions).join(", ") }) },
  ], { empty: "Nowhere." });
  table.show(found.counted.map((place, n) => ({ ...place, key: n })));
  return h("section", { class: "part" }, h("h2", {}, "Where it is counted"), h("details", {}, h("summary", {}, `${found.counted.length} numbers`), table.element));
}

function windows(found, zone) {
  const parts = [found["1h"] ? moment(found["1h"], zone).slice(15) : null, found["1d"] ? moment(found["1d"], zone).slice(0, 14) : null];
  return parts.filter(Boolean).join(", ") || "now";
}

function leadLink(id) {
  return h("a", { href: `#/lead/${encodeURIComponent(id)}` }, id);
}
