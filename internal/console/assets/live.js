// Moves the page of a running analysis along. Without this script the page asks for itself
// again every two seconds; with it, it listens to the analysis and changes in place.
"use strict";

const live = document.getElementById("live");
const bar = document.getElementById("bar");
const numbers = new Intl.NumberFormat(document.documentElement.lang);
const figures = document.getElementById("figures").dataset.words; // ": {done} of {total}"
let told = 0; // how often something was told

// say changes a text only if it is another, so that a screen reader is not told twice.
function say(id, text) {
  const element = document.getElementById(id);
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

// mark shows which stage the analysis is in. A stage that is not in the list is the end.
function mark(stage) {
  let state = "done";
  for (const line of live.querySelectorAll("[data-stage]")) {
    const now = line.dataset.stage === stage;
    line.className = now ? "now" : state;
    if (now) {
      line.setAttribute("aria-current", "step");
      say("now", line.textContent);
      state = "todo";
    } else {
      line.removeAttribute("aria-current");
    }
  }
}

// wait says for what the analysis waits. The page has the words for it in its own language.
async function wait() {
  const turn = told;
  const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = page.getElementById("now");
  if (now && turn === told) {
    say("now", now.textContent);
    say("figures", "");
  }
}

function show({ progress, waiting }) {
  told += 1;
  mark(progress.stage);
  if (progress.total > 0) {
    bar.max = progress.total;
    bar.value = progress.done;
    say("figures", figures.replace("{done}", numbers.format(progress.done))
      .replace("{total}", numbers.format(progress.total)));
  } else {
    bar.removeAttribute("value");
    say("figures", "");
  }
  if (waiting) {
    wait().catch(() => {}); // without an answer the stage stays on the page
  }
  say("findings", numbers.format(progress.findings));
}

// reload asks for the page once the server answers: a page that could not be had would not come back by itself.
async function reload() {
  const answer = await fetch(location.pathname).catch(() => null);
  if (!answer || answer.status === 429 || answer.status >= 500) {
    setTimeout(reload, 3000);
  } else {
    location.reload();
  }
}

const events = new EventSource(`/api/v1/analyses/${live.dataset.analysis}/events`);

events.addEventListener("progress", (event) => show(JSON.parse(event.data)));

events.addEventListener("end", () => {
  events.close();
  location.reload(); // the report, or the reason why there is none
});

events.addEventListener("error", () => {
  if (events.readyState === EventSource.CLOSED) {
    setTimeout(reload, 3000); // refused for good, so ask the page itself
  }
});
