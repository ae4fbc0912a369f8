// Validates an AsyncAPI document: node asyncapi.mjs NODE_MODULES DOCUMENT; prints its diagnostics.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, path] = process.argv.slice(2);
const { Parser } = createRequire(`${modules}/`)("@asyncapi/parser");
const { document, diagnostics } = await new Parser().parse(readFileSync(path, "utf-8"));
const found = diagnostics.map(({ severity, code, message, path: at }) => ({
  severity,
  code,
  message,
  at: at.join("/"),
}));
console.log(JSON.stringify({ isRead: document !== undefined, diagnostics: found }));
