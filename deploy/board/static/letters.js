// Records that could not be used: by reason, and the newest of them.

import { h, say } from "./dom.js";
import { count, moment, some } from "./words.js";

const AGAIN_MS = 10_000;

export function letters(board, main, asked) {
  const reason = asked.get("reason");
  const title = reason ? `Dead letters: ${reason}` : "Dead letters";
  const said = h("p", { class: "about" }, "…");
  const problem = h("p", { class: "note", hidden: true });
  const reasons = h("nav", { class: "tabs", "aria-label": "Reasons" });
  const list = h("ul", { class: "letters" });
  main.append(h("h1", { tabindex: "-1" }, title), reasons, said, problem, list);
  board.listen("live");

  let before = "";
  async function load() {
    try {
      const found = await board.ask(`letters${reason ? `?reason=${encodeURIComponent(reason)}` : ""}`);
      problem.hidden = true;
      // What is open stays open.
      if (JSON.stringify(found) === before || list.querySelector("details[open]")) return;
      before = JSON.stringify(found);
      show(found);
    } catch (error) {
      say(problem, error.message);
      problem.hidden = false;
      say(said, "");
    }
  }

  function show(found) {
    const all = Object.values(found.reasons).reduce((sum, n) => sum + n, 0);
    reasons.replaceChildren(
      h("a", { href: "#/letters", "aria-current": reason ? null : "page" }, `all ${count(all)}`),
      ...Object.entries(found.reasons).map(([name, n]) => h("a", { href: `#/letters?${new URLSearchParams({ reason: name })}`, "aria-current": name === reason ? "page" : null }, `${name} ${count(n)}`)),
    );
    const total = reason ? found.reasons[reason] || 0 : all;
    say(said, total ? `${some(total, "record")} that could not be used${total > found.letters.length ? `, the newest ${found.letters.length} here` : ""}. Nothing is lost: once its sender or this release is mended, salespulse dead-letters replay${reason ? ` --reason ${reason}` : ""} sends them again.` : "None: every record could be used.");
    list.replaceChildren(...found.letters.map((letter) => item(letter, board.about.timezone)));
  }

  load();
  const again = setInterval(load, AGAIN_MS);
  return { title, leave: () => clearInterval(again) };
}

function item(letter, zone) {
  return h(
    "li",
    {},
    h(
      "details",
      {},
      h("summary", {}, h("strong", {}, letter.reason), " ", h("span", {}, [letter.path, letter.detail].filter(Boolean).join(" ")), h("span", { class: "where" }, `${moment(letter.time, zone)} · ${letter.topic}/${letter.partition}@${letter.offset}`)),
      h("dl", { class: "facts" }, h("div", {}, h("dt", {}, "Key"), h("dd", {}, h("code", {}, letter.key ?? "none")))),
      h("pre", { tabindex: "0", "aria-label": "The record, its beginning" }, letter.value ?? "no value"),
    ),
  );
}
