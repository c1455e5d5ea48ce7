// Starts ReDoc on the page of /redoc.
"use strict";

Redoc.init(
  "/openapi.json",
  {
    hideDownloadButtons: false,
    expandResponses: "200,201,202",
    sortRequiredPropsFirst: true,
    jsonSamplesExpandLevel: 3,
    theme: {
      colors: { primary: { main: "#3157c8" } },
      typography: {
        fontFamily: "system-ui, sans-serif",
        headings: { fontFamily: "system-ui, sans-serif" },
        code: { fontFamily: "ui-monospace, monospace" },
      },
    },
  },
  document.getElementById("api"),
);
