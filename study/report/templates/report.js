"use strict";
// The page is whole without this: it sorts the tables, enlarges the figures, and marks in the
// contents what is read.

function makeButton(label, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(label);
  button.addEventListener("click", act);
  return button;
}

function valueOf(row, column) {
  const cell = row.cells[column];
  return "order" in cell.dataset ? Number(cell.dataset.order) : cell.textContent.trim();
}

function compare(one, other, sign) {
  if (typeof one === "string") return sign * one.localeCompare(other);
  if (Number.isNaN(one) || Number.isNaN(other)) return Number.isNaN(one) - Number.isNaN(other);
  return sign * (one - other);
}

function makeSortable(table) {
  const body = table.tBodies[0];
  const asWritten = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const sort = (head, column) => {
    const next = { ascending: "descending", descending: null }[head.ariaSort];
    const order = next === undefined ? "ascending" : next;
    heads.forEach((each) => each.removeAttribute("aria-sort"));
    if (order) head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const by = (one, other) => compare(valueOf(one, column), valueOf(other, column), sign);
    body.append(...(order ? asWritten.toSorted(by) : asWritten));
  };
  heads.forEach((head, column) => {
    const name = head.textContent.trim();
    head.replaceChildren(makeButton(name, () => sort(head, column)));
  });
}

function makeDialog() {
  const dialog = document.createElement("dialog");
  const image = document.createElement("img");
  const box = document.createElement("div");
  box.tabIndex = 0; // to scroll by keyboard where the figure is larger than the screen
  box.append(image);
  dialog.append(makeButton("Close", () => dialog.close()), box);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  return (figure) => {
    image.src = figure.src;
    image.alt = figure.alt;
    dialog.setAttribute("aria-label", figure.dataset.title);
    dialog.showModal();
  };
}

function markContents() {
  const list = document.getElementById("contents");
  const links = new Map([...list.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
  const inView = new Set();
  const mark = (entries) => {
    entries.forEach((each) => inView[each.isIntersecting ? "add" : "delete"](each.target.id));
    const first = [...links.keys()].find((id) => inView.has(id));
    for (const [id, link] of links) {
      if (id === first) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  const watch = new IntersectionObserver(mark, { rootMargin: "-25% 0px -60% 0px" });
  links.forEach((_, id) => watch.observe(document.getElementById(id)));
  list.addEventListener("click", (event) => event.target.closest("a") && list.hidePopover());
}

document.documentElement.classList.add("scripts");
document.querySelectorAll("table").forEach(makeSortable);
markContents();
const enlarge = makeDialog();
for (const figure of document.querySelectorAll("figure img")) {
  figure.addEventListener("click", () => enlarge(figure));
  const button = makeButton("Enlarge", () => enlarge(figure));
  button.setAttribute("aria-label", `Enlarge: ${figure.dataset.title}`);
  figure.nextElementSibling.prepend(button);
}
