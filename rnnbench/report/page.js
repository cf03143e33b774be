// Nothing here is needed to read the page: headers that sort their table, a word where a table is wider than the screen,
// and everything unfolded on paper.
"use strict";

// "GRU / LSTM: 0.84 [0.80, 0.87]", "T = 20", "10 of 10 solved", "13,056": the first number of a cell, else null.
const first = /^(?:[^:\d]*: ?|[^=\d]*= ?|± ?|< ?)?([-−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?)/i;
const number = (text) => {
  if (text.startsWith("∞")) return Infinity;
  const found = first.exec(text);
  return found ? Number(found[1].replace("−", "-").replaceAll(",", "")) : null;
};

function sort(table, column, direction) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  rows.forEach((row, index) => { row.dataset.place ??= index; });
  const text = (row) => row.cells[column].textContent.trim();
  const said = rows.map(text).filter((words) => words && words !== "–");
  const numeric = said.filter((words) => number(words) !== null).length * 2 > said.length;
  const key = numeric ? (row) => number(text(row)) : (row) => (text(row) === "–" ? null : text(row));
  const compare = (a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === null || y === null) return (x === null) - (y === null); // what has no value stands last either way
    return direction * (numeric ? (x > y) - (x < y) : x.localeCompare(y, "en", { numeric: true }));
  };
  const place = (a, b) => a.dataset.place - b.dataset.place;
  rows.sort((a, b) => (direction && compare(a, b)) || place(a, b));
  body.append(...rows);
}

for (const table of document.querySelectorAll(".scroll > table")) {
  if (table.tBodies[0].rows.length < 2) continue;
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    head.dataset.words = head.textContent.replace(/[._]/g, "$&\u200b"); // for paper, where a long key may be broken
    button.title = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => { // ascending, descending, as it was
      const before = head.getAttribute("aria-sort");
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      const direction = before === "ascending" ? -1 : before === "descending" ? 0 : 1;
      if (direction) head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      sort(table, column, direction);
    });
  });
}

const hints = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    target.nextElementSibling.style.display = target.scrollWidth > target.clientWidth + 1 ? "block" : "none";
  }
});
document.querySelectorAll(".scroll").forEach((frame) => hints.observe(frame));

let folded = [];
window.addEventListener("beforeprint", () => {
  folded = Array.from(document.querySelectorAll("details:not([open])"));
  folded.forEach((each) => { each.open = true; });
});
window.addEventListener("afterprint", () => folded.forEach((each) => { each.open = false; }));
