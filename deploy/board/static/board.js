// The frame: which page is shown, the stream of the floor, and whether it still flows.

import { floor } from "./floor.js";
import { lead } from "./lead.js";
import { leads } from "./leads.js";
import { letters } from "./letters.js";
import { h, mark, say } from "./dom.js";
import { clock, count, duration } from "./words.js";

const LATE_SECONDS = 30;
const SILENT_MS = 10_000;
const TELL_EVERY_MS = 30_000;

const main = document.getElementById("main");
const state = document.getElementById("state");
const stateText = document.getElementById("state-text");
const said = document.getElementById("said");

// What every page is given: `at()` is the worker's clock, `ask` fetches, `tell` speaks to a screen reader.
const board = {
  about: { shown_by: ["team"], target: null, timezone: "UTC", crm_url: null },
  pulse: null,
  skew: 0,
  at: () => Date.now() + board.skew,
  ask,
  tell,
  listen,
};

const PAGES = [
  [/^#\/?$/, floor],
  [/^#\/leads/, leads],
  [/^#\/lead\/(.+)$/, lead],
  [/^#\/letters/, letters],
];

let page = null;
let stream = null;
let heard = 0;
let wasLost = false;

async function ask(path, body = null) {
  const options = body === null ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(path, { ...options, credentials: "same-origin" });
  } catch {
    throw new Error("the worker does not answer");
  }
  if (answer.status === 401) {
    location.assign("enter.html");
    throw new Error("the token is asked for");
  }
  if (!answer.ok) throw new Error((await answer.text()).trim() || answer.statusText);
  return answer.json();
}

// Sparingly: a voice that never stops is turned off.
let toldAt = 0;
function tell(text, { urgent = false } = {}) {
  if (!urgent && Date.now() - toldAt < TELL_EVERY_MS) return false;
  toldAt = Date.now();
  said.textContent = text;
  return true;
}

function listen(path, { onfloor = () => {}, onpulse = () => {} } = {}) {
  stream?.close();
  stream = new EventSource(path);
  stream.addEventListener("floor", (event) => onfloor(JSON.parse(event.data)));
  stream.addEventListener("pulse", (event) => {
    heard = Date.now();
    board.pulse = JSON.parse(event.data);
    board.skew = board.pulse.at - heard;
    showState();
    onpulse(board.pulse);
  });
  // A worker that asks for the token now closes the stream for good.
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) ask("about").then(() => setTimeout(() => listen(path, { onfloor, onpulse }), 3000), () => setTimeout(() => listen(path, { onfloor, onpulse }), 3000));
    showState();
  });
}

function showState() {
  const [kind, text] = judged();
  mark(state, "data-state", kind);
  say(stateText, text);
  const isLost = kind === "lost";
  if (isLost !== wasLost) tell(isLost ? "The worker does not answer: numbers stand still" : "The worker answers again", { urgent: true });
  wasLost = isLost;
}

function judged() {
  const pulse = board.pulse;
  if (!pulse) return ["waiting", "connecting…"];
  const asOf = pulse.as_of === null ? "" : `as of ${clock(pulse.as_of, board.about.timezone)}`;
  if (Date.now() - heard > SILENT_MS) return ["lost", `no answer; ${asOf || "nothing seen yet"}`];
  if (pulse.stopped > 0) return ["late", `${pulse.stopped} partition(s) stopped; ${asOf}`];
  if (!pulse.ready && pulse.owned === 0) return ["waiting", "the worker is starting"];
  if (pulse.as_of === null) return ["waiting", "no data yet"];
  const behind = (pulse.at - pulse.as_of) / 1000;
  if (behind > LATE_SECONDS) return ["late", `${duration(behind)} behind; ${asOf}`];
  const passes = pulse.rate === null ? "" : `${pulse.rate < 10 ? pulse.rate : count(pulse.rate)} events/s, `;
  return ["live", `live, ${passes}${asOf}`];
}

function route() {
  const hash = location.hash || "#/";
  if (!hash.startsWith("#/") && hash !== "") return;
  const [pattern, made] = PAGES.find(([each]) => each.test(hash)) || PAGES[0];
  page?.leave?.();
  main.replaceChildren();
  const found = pattern.exec(hash);
  const asked = new URLSearchParams(hash.split("?")[1] || "");
  page = made(board, main, asked, found?.[1] ? decodeURIComponent(found[1].split("?")[0]) : null);
  document.title = `${page.title} · salespulse`;
  for (const link of document.querySelectorAll(".top nav a")) {
    mark(link, "aria-current", link.hash.split("?")[0] === hash.split("?")[0] || (hash.startsWith("#/lead/") && link.hash.startsWith("#/leads")) ? "page" : null);
  }
  // Where the page is left by keyboard or voice, the next one begins at its heading.
  const heading = main.querySelector("h1");
  if (heading && route.hasRun) heading.focus();
  route.hasRun = true;
}

document.getElementById("find").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = new FormData(event.target).get("lead").trim();
  if (name) location.hash = `#/lead/${encodeURIComponent(name)}`;
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});

addEventListener("hashchange", route);
setInterval(showState, 2000);
try {
  board.about = await ask("about");
} catch (error) {
  main.replaceChildren(h("p", { class: "note bad" }, String(error.message)));
}
route();
