import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";

import { NotGenuine, verify } from "../dist/index.js";

const SECRET = "whsec_" + "c2VjcmV0".repeat(4);
const NOW = new Date("2026-11-28T09:30:00Z");
const BODY = JSON.stringify({ type: "decision.made", timestamp: "2026-11-28T09:30:00Z",
                              livemode: false, data: { decision: { outcome: "manipulated" } } });

function heads(change = {}) {
  const at = String(NOW.getTime() / 1000);
  const key = Buffer.from(SECRET.slice(6), "base64");
  const signature = createHmac("sha256", key).update(`msg_1.${at}.${BODY}`).digest("base64");
  return { "Webhook-Id": "msg_1", "webhook-timestamp": at,
           "webhook-signature": `v1,AAAA v1,${signature}`, ...change };
}

test("a signed message is read, from plain and from fetch's headers", async () => {
  for (const headers of [heads(), new Headers(heads())]) {
    const message = await verify(SECRET, new TextEncoder().encode(BODY), headers, NOW);
    assert.deepEqual([message.id, message.type, message.livemode], ["msg_1", "decision.made", false]);
    assert.equal(message.data.decision.outcome, "manipulated");
  }
});

test("the specification's own example is genuine", async () => {
  // From the Standard Webhooks specification.
  const body = '{"test": 2432232314}';
  const message = await verify(
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", body,
    { "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" },
    new Date(1614265330_000),
  );
  assert.equal(message.id, "msg_p5jXN8AQM9LWM0D4loKWxJek");
});

test("refused: a body that is no JSON, and a secret that is none", async () => {
  await assert.rejects(verify("whsec_%", BODY, heads(), NOW), NotGenuine);
});
