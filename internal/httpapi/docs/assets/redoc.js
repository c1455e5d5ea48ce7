// Starts ReDoc on the page of /redoc.
"use strict";

const options = {
  downloadUrls: [{ title: "openapi.json", url: "/openapi.json" }],
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
};

// The contract with deprecated addresses behind the others, as they are on /docs.
const oldLast = (contract) => {
  const old = ([, operations]) => Number(Object.values(operations).every((o) => o.deprecated));
  return { ...contract, paths: Object.fromEntries(Object.entries(contract.paths).sort((a, b) => old(a) - old(b))) };
};

fetch("/openapi.json")
  .then((answer) => answer.json())
  .then((contract) => Redoc.init(oldLast(contract), options, document.getElementById("api")));
