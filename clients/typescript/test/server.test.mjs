// Against a Touchstone server: TOUCHSTONE_URL and TOUCHSTONE_TEST_KEY. What every client promises is
// in tests/clients/contract.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Problem, TimedOut, Touchstone } from "../dist/index.js";

const { TOUCHSTONE_URL: url, TOUCHSTONE_TEST_KEY: key } = process.env;
const skip = url && key ? false : "TOUCHSTONE_URL and TOUCHSTONE_TEST_KEY are not set";
const client = () => new Touchstone(url, { key });
// A PNG of one pixel; what comes after its end is kept and not decoded.
const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
  "base64",
);
const picture = (bytes = 0) => new Blob([PIXEL, Buffer.alloc(bytes, 7)]);

test("a submission is followed to its end, and a batch", { skip }, async () => {
  const touchstone = client();
  const sent = await touchstone.submit(picture(4), { filename: "queued.png" });
  const states = [];
  for await (const one of touchstone.follow(sent.id, { timeout: 60_000 })) {
    states.push(one.state);
    if (states.length === 1) await touchstone.cancel(sent.id);
  }
  assert.deepEqual(states, ["queued", "cancelled"]);
  const late = await touchstone.submit(picture(5), { filename: "queued.jpg" });
  const waiting = async () => {
    for await (const one of touchstone.follow(late.id, { timeout: 1500 })) assert.equal(one.outcome, null);
  };
  await assert.rejects(waiting(), TimedOut);
  const foreign = touchstone.follow("0198c0de-0000-7000-8000-000000000001").next();
  assert.equal((await foreign.catch((error) => error)).code, "not_found");
  const decided = await touchstone.submit(picture(6), { filename: "decided_unclear.png" });
  for await (const one of touchstone.follow(decided.id, { until: "decided" })) {
    assert.equal(one.decision.outcome, "unclear");
  }
  const batch = await touchstone.sendAddresses(["https://media.example/a.jpg"]);
  for await (const first of touchstone.followBatch(batch.id)) {
    assert.deepEqual([first.id, first.counts.waiting], [batch.id, 1]);
    break; // closes the stream
  }
});

test("a large file goes straight into the bucket, which never sees the key", { skip }, async () => {
  const told = [];
  const puts = [];
  const watched = (input, init) => {
    if (init?.method === "PUT") {
      puts.push(new Headers(init.headers).has("Authorization"));
      if (puts.length === 1) return Promise.reject(new TypeError("cut"));
    }
    return fetch(input, init);
  };
  const touchstone = new Touchstone(url, { key, fetch: watched });
  const media = picture(17 * 1024 * 1024);
  const done = await touchstone.submitDirect(media, {
    filename: "decided_unclear.png",
    externalId: "direct",
    batch: true,
    onProgress: (sent, total) => told.push([sent, total]),
  });
  assert.deepEqual([done.size, done.external_id], [media.size, "direct"]);
  assert.equal(done.decision.outcome, "unclear");
  assert.deepEqual(puts, [false, false, false]);
  assert.deepEqual(told.at(-1), [media.size, media.size]);
  const refused = await touchstone.submitDirect(new Blob(["%!PS"])).catch((error) => error);
  assert.ok(refused instanceof Problem && refused.code === "type_not_allowed");
});

test("progress of an upload in pieces reaches its size", { skip }, async () => {
  const told = [];
  const done = await client().submitInPieces(picture(1_500_000), {
    filename: "inconclusive.png", chunkSize: 300_000, onProgress: (sent) => told.push(sent),
  });
  assert.deepEqual([done.outcome, done.size], ["inconclusive", PIXEL.length + 1_500_000]);
  assert.equal(Math.max(...told), done.size);
});
