// What callers tell of the server's answers, alike in every language.
import { createHash } from "node:crypto";

export const media = (words) => new Blob([Buffer.from(words.media, "base64")]);

export function submission(said) {
  const { id, state, outcome, external_id, filename, language, livemode } = said;
  return {
    id, state, outcome: outcome ?? null, external_id, filename, language, livemode,
    decision: said.decision ? decision(said.decision) : null,
    decisions: (said.decisions ?? []).map((one) => [one.outcome, one.in_force]),
    appeal: said.appeal ? appeal(said.appeal) : null,
    reports: (said.reports ?? []).map((one) => [one.id, one.decision]),
    deletion_requested: Boolean(said.deletion_requested_at),
  };
}

function decision({ id, outcome, reason, supersedes }) {
  return { id, outcome, reason, supersedes };
}

export function appeal({ id, state, outcome, decision: of, answer }) {
  return { id, state, outcome, decision: of, answer };
}

/** @param {any} said A batch, or the answer to sending one, which has no items. */
export function batch(said) {
  const { id, external_id, counts, items } = said;
  const each = (items ?? []).map((one) => [one.state, one.external_id, one.submission]);
  return { id, external_id, waiting: counts.waiting, items: each };
}

export function usage({ partner, key, team, rates }) {
  const whose = rates.write.map((one) => [one.whose, one.requests]);
  return { partner: [partner.used, partner.quota], key: [key.used, key.quota], team, whose };
}

export function webhook({ id, events, is_active, disabled_because }) {
  return { id, events, is_active, disabled_because };
}

export async function bytes(answer) {
  const found = Buffer.from(await answer.arrayBuffer());
  return { size: found.length, sha256: createHash("sha256").update(found).digest("hex") };
}
