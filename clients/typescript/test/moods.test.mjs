// Against a server that gives the answers of a list.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { TimedOut, Touchstone } from "../dist/index.js";

let server, url;
let asked = [];
let answers = [];

before(async () => {
  server = createServer((request, response) => {
    asked.push({ url: request.url, headers: request.headers });
    const [status, headers = {}, body = {}] = answers.shift() ?? [200];
    response.writeHead(status, headers).end(status === 304 ? undefined : JSON.stringify(body));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}`;
});
after(() => server.close());

function client() {
  asked = [];
  return new Touchstone(url, { key: "tsk_x" });
}

test("a wait asks with the ETag of what it knows, and ends in time", async () => {
  const running = [200, { ETag: '"1"' }, { state: "running", decision: null }];
  answers = [running, [304, { ETag: '"1"' }], [200, {}, { state: "done", decision: null }]];
  assert.equal((await client().wait("x", { timeout: 30_000 })).state, "done");
  assert.equal(asked[1].headers["if-none-match"], '"1"');
  assert.match(asked[1].url, /wait=\d+/);
  answers = [running, running, running];
  await assert.rejects(client().wait("x", { timeout: 300 }), TimedOut);
});

test("an aborted wait ends with the reason", async () => {
  answers = [[503, { "Retry-After": "30" }]];
  const stop = new AbortController();
  const waited = client().wait("x", { signal: stop.signal });
  setTimeout(() => stop.abort(new Error("stopped")), 100);
  await assert.rejects(waited, /stopped/);
});
