// Fills in the time zone of the browser where none is chosen yet. It is kept only when the form is sent.
"use strict";

for (const field of document.querySelectorAll("input[data-guess]")) {
  if (field.value === "") {
    field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  }
}
