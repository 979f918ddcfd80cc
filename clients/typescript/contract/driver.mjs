// The contract's callers in TypeScript: a JSON command a line on stdin, an answer a line on stdout.
// The sources are compiled first, without a check of their types, which `npm run build` makes.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

import ts from "typescript";

const HOME = new URL("../", import.meta.url);
const COMPILED = new URL(`node_modules/.contract-${process.pid}/`, HOME);

mkdirSync(COMPILED);
writeFileSync(new URL("package.json", COMPILED), '{"type": "module"}');
for (const name of readdirSync(new URL("src/", HOME))) {
  if (name === "schema.ts") continue; // types alone
  const source = readFileSync(new URL(`src/${name}`, HOME), "utf8");
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 };
  const { outputText } = ts.transpileModule(source, { compilerOptions: options });
  writeFileSync(new URL(name.replace(/ts$/, "js"), COMPILED), outputText);
}
let built;
try {
  built = await import(new URL("index.js", COMPILED).href);
} finally {
  rmSync(COMPILED, { recursive: true });
}
const { handMade } = await import("./hand_made.mjs");
const { generated } = await import("./generated.mjs");
const CALLERS = { typescript: handMade(built), generated };

/** A refusal, in the words that every caller uses. */
function failure(error) {
  if (error.name === "Problem") {
    const { status, code, message, errors, retryAfter } = error;
    const fields = errors.map((one) => one.field);
    return { kind: "problem", status, code, detail: message, fields, retry_after: retryAfter ?? null };
  }
  if (error.name === "TimedOut") return { kind: "timed_out" };
  if (error.name === "NotGenuine" || error instanceof built.NotGenuine) return { kind: "not_genuine" };
  if (error.name === "Unreachable" || error.message === "fetch failed") return { kind: "unreachable" };
  return { kind: "broken", detail: String(error.stack) };
}

async function answer({ caller, url, key, options = {}, ask, ...words }) {
  try {
    const calls = CALLERS[caller](url, key, options);
    return { ok: await calls[ask](words) };
  } catch (error) {
    return { error: failure(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
