// Against a server that gives the answers of a list.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { Problem, TimedOut, Touchstone, Unreachable } from "../dist/index.js";

const NOW = { "Retry-After": "0" };
const PAGE = { results: [], next: null };
let server, url;
let asked = [];
let answers = [];

before(async () => {
  server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    asked.push({ method: request.method, url: request.url, headers: request.headers,
                 body: Buffer.concat(parts).toString("latin1") });
    const [status, headers = {}, body = PAGE] = answers.shift() ?? [200];
    if (status === 0) return request.socket.destroy();
    response.writeHead(status, headers).end(status === 304 ? undefined : JSON.stringify(body));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}`;
});
after(() => server.close());

function client(retries = 4) {
  asked = [];
  return new Touchstone(url, { key: "tsk_x", retries });
}
const all = async (found) => Array.fromAsync?.(found) ?? collect(found);
async function collect(found) {
  const rows = [];
  for await (const one of found) rows.push(one);
  return rows;
}

test("what was refused for the moment is asked again after its Retry-After", async () => {
  answers = [[429, NOW], [503, NOW], [0], [502, NOW]];
  assert.deepEqual(await all(client().find()), []);
  assert.equal(asked.length, 5);
  assert.equal(asked[4].headers.authorization, "Bearer tsk_x");
});

test("other refusals are told at once, with their code and sentence", async () => {
  answers = [[400, {}, { code: "invalid", detail: "No.", errors: [{ field: "q" }] }]];
  const problem = await all(client().find({ q: "x" })).catch((error) => error);
  assert.ok(problem instanceof Problem);
  assert.deepEqual([problem.status, problem.code, problem.message], [400, "invalid", "No."]);
  assert.equal(problem.errors[0].field, "q");
  assert.equal(asked.length, 1);
});

test("a quota that is reached is told at once", async () => {
  answers = [[429, { "Retry-After": "900000" }, { code: "quota_reached", detail: "Full." }]];
  const problem = await client().submit(new Blob(["media"])).catch((error) => error);
  assert.deepEqual([problem.status, problem.code], [429, "quota_reached"]);
  assert.equal(asked.length, 1);
});

test("a repeated upload is whole and bears the same key", async () => {
  answers = [[503, NOW], [409, {}, { code: "idempotency_busy" }], [0], [202, {}, { id: "s" }]];
  const media = new Blob(["media ".repeat(1000)]);
  assert.equal((await client().submit(media, { filename: "a.jpg" })).id, "s");
  assert.equal(asked.length, 4);
  assert.equal(new Set(asked.map((one) => one.headers["idempotency-key"])).size, 1);
  for (const one of asked) assert.ok(one.body.includes("media ".repeat(1000)));
});

test("what may have been done is not done twice", async () => {
  answers = [[0]];
  await assert.rejects(client().rotateSecret("x"), Unreachable);
  assert.equal(asked.length, 1);
});

test("after the last repeat the refusal is told", async () => {
  answers = Array.from({ length: 9 }, () => [503, NOW]);
  await assert.rejects(client(2).get("x"), Problem);
  assert.equal(asked.length, 3);
});

test("a wait asks with the ETag of what it knows, and ends in time", async () => {
  const running = [200, { ETag: '"1"' }, { state: "running", decision: null }];
  answers = [running, [304, { ETag: '"1"' }], [200, {}, { state: "done", decision: null }]];
  assert.equal((await client().wait("x", { timeout: 30_000 })).state, "done");
  assert.equal(asked[1].headers["if-none-match"], '"1"');
  assert.match(asked[1].url, /wait=\d+/);
  answers = [running, running, running];
  await assert.rejects(client().wait("x", { timeout: 300 }), TimedOut);
});

test("a list is followed to its end, on the same server", async () => {
  answers = [
    [200, {}, { results: [{ id: "a" }], next: "http://elsewhere.invalid/api/v1/submissions/?cursor=n" }],
    [200, {}, { results: [{ id: "b" }], next: null }],
  ];
  const found = await collect(client().find({ ids: ["1", "2"], page_size: 1 }));
  assert.deepEqual(found.map((one) => one.id), ["a", "b"]);
  assert.ok(asked[0].url.includes("ids=1%2C2"));
  assert.equal(asked[1].url, "/api/v1/submissions/?cursor=n");
});

test("an aborted wait ends with the reason", async () => {
  answers = [[503, { "Retry-After": "30" }]];
  const stop = new AbortController();
  const waited = client().wait("x", { signal: stop.signal });
  setTimeout(() => stop.abort(new Error("stopped")), 100);
  await assert.rejects(waited, /stopped/);
});
