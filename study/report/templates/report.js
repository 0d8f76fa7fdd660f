"use strict";
// The page is whole without this: it sorts the tables and enlarges the figures.

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

document.documentElement.classList.add("scripts");
document.querySelectorAll("table").forEach(makeSortable);
const enlarge = makeDialog();
for (const figure of document.querySelectorAll("figure img")) {
  figure.addEventListener("click", () => enlarge(figure));
  const button = makeButton("Enlarge", () => enlarge(figure));
  button.setAttribute("aria-label", `Enlarge: ${figure.dataset.title}`);
  figure.nextElementSibling.prepend(button);
}
