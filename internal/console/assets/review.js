// The page of a report from the keyboard: j and k go through the findings, d dismisses, u takes
// back, x chooses, / searches. Everything that a key does is also a link or a button on the page.
"use strict";

const rows = [...document.querySelectorAll(".finding")];
const hint = document.querySelector(".keys-hint");

// remembered is what this browser keeps between pages; a browser that keeps nothing gives null.
function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // a browser that keeps nothing
  }
}

// current is the place of the row that has the focus, or -1.
function current() {
  return rows.findIndex((row) => row.contains(document.activeElement));
}

function focusOn(row) {
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function move(by) {
  const to = current() + by;
  if (to >= 0 && to < rows.length) {
    focusOn(rows[to]);
  } else if (current() >= 0 || rows.length === 0) {
    document.querySelector(by > 0 ? "a[rel=next]" : "a[rel=prev]")?.click();
  } else {
    rows[0]?.focus();
  }
}

// press clicks what a selector names in the row that has the focus.
function press(selector) {
  rows[current()]?.querySelector(selector)?.click();
}

const keys = {
  j: () => move(1),
  k: () => move(-1),
  d: () => press("button[value=dismiss]"),
  x: () => press("input[type=checkbox]"),
  u: () => {
    const restore = rows[current()]?.querySelector("button[value=restore]");
    (restore ?? document.getElementById("undo"))?.click();
  },
  "/": () => document.getElementById("q")?.focus(),
};

// typing tells whether a key belongs to a field.
function typing(element) {
  return element.matches("input:not([type=checkbox]), textarea, select");
}

document.addEventListener("keydown", (event) => {
  const act = keys[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey || event.repeat && event.key === "d") {
    return;
  }
  if (typing(event.target) || remembered("keys") === "off") {
    return;
  }
  event.preventDefault();
  act();
});

// Who speaks to their computer, or hits keys by chance, can switch the keys off.
function showKeys() {
  const on = remembered("keys") !== "off";
  const button = hint.querySelector("button");
  button.textContent = on ? button.dataset.on : button.dataset.off;
  button.setAttribute("aria-pressed", String(on));
}

if (hint) {
  hint.hidden = false;
  showKeys();
  hint.querySelector("button").addEventListener("click", () => {
    remember("keys", remembered("keys") === "off" ? "on" : "off");
    showKeys();
  });
}

// After a form the address names the row to go on at.
if (location.hash.startsWith("#f-")) {
  document.getElementById(location.hash.slice(1))?.focus();
}

// A menu closes when something else is clicked, or with Escape.
for (const menu of document.querySelectorAll("details.menu")) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) {
      menu.open = false;
    }
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}
