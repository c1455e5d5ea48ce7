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
      colors: { primary: { main: "#0b6e69" } },
      typography: {
        fontFamily: "system-ui, sans-serif",
        headings: { fontFamily: "system-ui, sans-serif" },
        code: { fontFamily: "ui-monospace, monospace" },
      },
    },
  },
  document.getElementById("api"),
);
