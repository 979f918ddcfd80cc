// Against a Touchstone server: TOUCHSTONE_URL and TOUCHSTONE_TEST_KEY.
import assert from "node:assert/strict";
import { createServer, request } from "node:http";
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

test("sent, repeated, waited for, decided, found, fetched and refused", { skip }, async () => {
  const touchstone = client();
  const words = { filename: "decision_changed.jpg", externalId: "a-1", note: "as seen", language: "de" };
  const sent = await touchstone.submit(picture(), { ...words, idempotencyKey: "k" });
  const again = await touchstone.submit(picture(), { ...words, idempotencyKey: "k" });
  assert.equal(again.id, sent.id);
  assert.equal(sent.livemode, false);
  const done = await touchstone.wait(sent.id);
  assert.equal(done.outcome, "inconclusive");
  assert.deepEqual([done.external_id, done.note], ["a-1", "as seen"]);
  const decided = await touchstone.waitForDecision(sent.id);
  assert.equal(decided.decision.outcome, "manipulated");
  const decisions = await touchstone.decisions(sent.id);
  assert.deepEqual(decisions.map((one) => one.in_force), [false, true]);
  await touchstone.submit(picture(1), { filename: "b.png" });
  const found = [];
  for await (const one of touchstone.find({ page_size: 1 })) found.push(one.id);
  assert.equal(found.length, 2);
  const used = await touchstone.usage();
  assert.deepEqual([used.partner.used, used.partner.quota, used.team], [0, null, null]);
  const media = Buffer.from(await (await touchstone.media(sent.id)).arrayBuffer());
  assert.ok(media.equals(PIXEL));
  const refused = await touchstone.submit(new Blob(["%!PS"])).catch((error) => error);
  assert.ok(refused instanceof Problem && refused.code === "type_not_allowed");
  const waiting = await touchstone.submit(picture(2), { filename: "queued.png" });
  await assert.rejects(touchstone.wait(waiting.id, { timeout: 1500 }), TimedOut);
  assert.equal((await touchstone.cancel(waiting.id)).state, "cancelled");
  assert.equal((await touchstone.cancel(waiting.id).catch((e) => e)).code, "already_ended");
  assert.ok((await touchstone.requestDeletion(sent.id)).deletion_requested_at);
});

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

test("a decision is appealed, and the appeal withdrawn or answered", { skip }, async () => {
  const touchstone = client();
  const sent = await touchstone.submit(picture(3), { filename: "decided_manipulated.jpg" });
  const first = (await touchstone.get(sent.id)).decision;
  const made = await touchstone.appeal(sent.id, "open: the seam is glue", { idempotencyKey: "one" });
  assert.deepEqual([made.state, made.decision, made.answer], ["open", first.id, null]);
  const again = await touchstone.appeal(sent.id, "open: the seam is glue", { idempotencyKey: "one" });
  assert.equal(again.id, made.id);
  const waiting = await touchstone.get(sent.id);
  assert.deepEqual([waiting.decision, waiting.appeal.id], [null, made.id]);
  const open = await touchstone.appeal(sent.id, "open: once more").catch((error) => error);
  assert.ok(open instanceof Problem && open.status === 409);
  assert.equal((await touchstone.withdrawAppeal(sent.id)).state, "withdrawn");
  assert.equal((await touchstone.get(sent.id)).decision.id, first.id);
  const none = await touchstone.withdrawAppeal(sent.id).catch((error) => error);
  assert.equal(none.code, "appeal_not_open");
  await touchstone.appeal(sent.id, "changed");
  const last = await touchstone.waitForDecision(sent.id);
  assert.deepEqual([last.appeal.state, last.appeal.outcome], ["answered", "changed"]);
  assert.deepEqual([last.appeal.answer, last.decision.supersedes], [last.decision.id, first.id]);
});

test("addresses and webhooks", { skip }, async () => {
  const touchstone = client();
  const items = ["https://media.example/a.jpg", { url: "https://media.example/b", external_id: "b" }];
  const batch = await touchstone.sendAddresses(items, { externalId: "all" });
  const read = await touchstone.batch(batch.id);
  assert.deepEqual(read.items.map((one) => [one.state, one.external_id]),
                   [["waiting", ""], ["waiting", "b"]]);
  const added = await touchstone.addWebhook({ url: "https://news.example/", events: ["decision.made"] });
  assert.match(added.secret, /^whsec_/);
  assert.notEqual(await touchstone.rotateSecret(added.id), added.secret);
  assert.equal((await touchstone.testWebhook(added.id)).type, "webhook.test");
  const off = await touchstone.changeWebhook(added.id, { is_active: false });
  assert.equal(off.disabled_because, "by_hand");
  assert.deepEqual((await touchstone.webhooks()).map((one) => one.id), [added.id]);
  await touchstone.deleteWebhook(added.id);
  assert.deepEqual(await touchstone.webhooks(), []);
});

test("a large file arrives whole in pieces, though the line is cut again and again", { skip }, async () => {
  const cuts = await cutting(url, 3);
  const told = [];
  const touchstone = new Touchstone(cuts.url, { key });
  let address = "";
  const done = await touchstone.submitInPieces(picture(1_500_000), {
    filename: "inconclusive.png", externalId: "big", chunkSize: 300_000,
    onProgress: (sent) => told.push(sent), onStarted: (where) => { address = where; },
  });
  cuts.server.close();
  assert.equal(cuts.made(), 3);
  assert.deepEqual([done.outcome, done.external_id], ["inconclusive", "big"]);
  assert.equal(done.size, PIXEL.length + 1_500_000);
  assert.equal(Math.max(...told), done.size);
  assert.match(address, /\/api\/v1\/uploads\//);
  const whole = Buffer.from(await picture(1_500_000).arrayBuffer());
  assert.ok(Buffer.from(await (await client().media(done.id)).arrayBuffer()).equals(whole));
});

test("a resumable upload that is refused says why", { skip }, async () => {
  const wrong = client().submitInPieces(new Blob(["%!PS not media"]), { filename: "a.jpg" });
  assert.equal((await wrong.catch((error) => error)).code, "type_not_allowed");
});

/** A server in between that ends so many pieces half way. */
async function cutting(target, most) {
  let made = 0;
  const { hostname, port } = new URL(target);
  const server = createServer((asked, answer) => {
    const headers = { ...asked.headers };
    const onward = request(
      { hostname, port, path: asked.url, method: asked.method, headers },
      (said) => { answer.writeHead(said.statusCode, said.headers); said.pipe(answer); },
    );
    onward.on("error", () => answer.destroy());
    let seen = 0;
    asked.on("data", (part) => {
      seen += part.length;
      if (asked.method === "PATCH" && made < most && seen > 100_000) {
        made += 1;
        asked.unpipe(onward);
        onward.destroy();
        asked.socket.destroy();
      }
    });
    asked.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${server.address().port}`, made: () => made };
}
