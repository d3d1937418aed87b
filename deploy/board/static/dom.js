// Elements are made and filled as text only: whatever stands in an event is never read as markup.

export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// Only what differs is touched, so that focus, selection and screen readers are left alone.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function mark(element, name, value) {
  if (value === null || value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

// A table of rows by key, of which cells are updated in place. A column: {name, label, cell(row) -> {text, href, state,
// title}, sort(row), number, level}. Level 2 is shown from tablets on, 3 on wide screens.
export class Table {
  constructor(caption, columns, { empty = "nothing", sorted = null } = {}) {
    this.columns = columns;
    this.empty = empty;
    this.sorted = sorted;
    this.rows = new Map();
    this.last = [];
    this.body = h("tbody");
    this.heads = columns.map((column) => this.#head(column));
    this.nothing = h("p", { class: "nothing" }, empty);
    this.table = h(
      "table",
      {},
      h("caption", { class: "hidden" }, caption),
      h("thead", {}, h("tr", {}, this.heads)),
      this.body,
    );
    this.element = h("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" }, this.table, this.nothing);
  }

  #head(column) {
    const props = { scope: "col", class: classes(column), "data-name": column.name };
    if (!column.sort) return h("th", props, column.label);
    const button = h("button", { type: "button", onclick: () => this.#sortBy(column.name) }, column.label);
    return h("th", { ...props, "aria-sort": "none" }, button);
  }

  #sortBy(name) {
    const down = this.sorted?.name === name ? !this.sorted.down : true;
    this.sorted = { name, down };
    this.show(this.last);
  }

  show(found) {
    this.last = found;
    const rows = this.#inOrder(found);
    const seen = new Set();
    rows.forEach((row, place) => {
      seen.add(row.key);
      let held = this.rows.get(row.key);
      if (!held) {
        held = this.#row();
        this.rows.set(row.key, held);
      }
      this.columns.forEach((column, n) => fill(held.cells[n], column.cell(row)));
      if (this.body.children[place] !== held.tr) this.body.insertBefore(held.tr, this.body.children[place] || null);
    });
    for (const [key, held] of this.rows) {
      if (!seen.has(key)) {
        held.tr.remove();
        this.rows.delete(key);
      }
    }
    this.nothing.hidden = rows.length > 0;
    this.table.hidden = rows.length === 0;
    this.heads.forEach((head, n) => {
      if (!this.columns[n].sort) return;
      const by = this.sorted?.name === this.columns[n].name;
      mark(head, "aria-sort", by ? (this.sorted.down ? "descending" : "ascending") : "none");
    });
  }

  #row() {
    const cells = this.columns.map((column, n) =>
      n === 0 ? h("th", { scope: "row", class: classes(column) }) : h("td", { class: classes(column) }),
    );
    return { cells, tr: h("tr", {}, cells) };
  }

  #inOrder(found) {
    const column = this.columns.find((each) => each.name === this.sorted?.name);
    if (!column) return found;
    const least = Number.NEGATIVE_INFINITY;
    const value = (row) => column.sort(row) ?? (typeof column.sort(found[0]) === "string" ? "" : least);
    const sign = this.sorted.down ? -1 : 1;
    return [...found].sort((a, b) => (value(a) < value(b) ? -sign : value(a) > value(b) ? sign : 0));
  }
}

function classes(column) {
  return [column.number ? "number" : "", column.level ? `level-${column.level}` : ""].filter(Boolean).join(" ");
}

export function fill(cell, { text, href = null, state = null, title = null }) {
  mark(cell, "data-state", state);
  mark(cell, "title", title);
  const link = cell.firstElementChild;
  if (!href) {
    if (link) link.remove();
    say(cell, text);
  } else if (link) {
    mark(link, "href", href);
    say(link, text);
  } else {
    cell.replaceChildren(h("a", { href }, text));
  }
}
