// Starts Swagger UI on the page of /docs.
"use strict";

const old = (operation) => Number(operation.getIn(["operation", "deprecated"], false));

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "none", // a hundred operations at once take seconds to draw
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false, // a token is not kept where scripts can find it later
  tryItOutEnabled: true,
  validatorUrl: null, // the contract is not sent anywhere
  filter: true,
  operationsSorter: (a, b) => old(a) - old(b) || a.get("path").localeCompare(b.get("path")),
});
