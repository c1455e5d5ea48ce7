// Keeps the page of a clean-up up to date while it runs. Without this script the page asks for itself again.
"use strict";

const every = 4000;

// renew shows what the server says now, and tells whether the clean-up still runs. A server that is away, or has no time,
// is asked again later.
async function renew() {
  let answer, page;
  try {
    answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return true;
  }
  if (answer.status === 429 || answer.status >= 500) {
    return true;
  }
  const now = page.getElementById("live");
  if (!answer.ok || !now || !page.querySelector('script[src*="cleanup"]')) {
    return false;
  }
  const live = document.getElementById("live");
  if (!live.contains(document.activeElement) && live.innerHTML !== now.innerHTML) {
    live.replaceChildren(...now.childNodes);
  }
  return true;
}

async function look() {
  if (document.hidden || (await renew())) {
    setTimeout(look, every);
  } else {
    location.reload();
  }
}

setTimeout(look, every);
