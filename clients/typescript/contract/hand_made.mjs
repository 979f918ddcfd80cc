// The face of this package, as its README shows it.
import * as shapes from "./shapes.mjs";

async function ids(found) {
  const rows = [];
  for await (const one of found) rows.push(one.id);
  return rows;
}

async function last(found) {
  let newest = null;
  for await (const one of found) newest = one;
  return newest;
}

const sent = ({ filename, note, external_id, language, idempotency_key }) => {
  const words = { filename, note, externalId: external_id, language, idempotencyKey: idempotency_key };
  return Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined));
};
const repeated = (key) => (key ? { idempotencyKey: key } : {});
const seconds = ({ timeout = 60 }) => ({ timeout: timeout * 1000 });

export const handMade = ({ Touchstone, verify }) => (url, key, options) => {
  const client = new Touchstone(url, { key, ...options });
  return {
    submit: async (words) => shapes.submission(await client.submit(shapes.media(words), sent(words))),
    get: async ({ id }) => shapes.submission(await client.get(id)),
    wait: async (words) => shapes.submission(await client.wait(words.id, seconds(words))),
    wait_for_decision: async (words) =>
      shapes.submission(await client.waitForDecision(words.id, seconds(words))),
    follow: async ({ id, until, ...words }) =>
      shapes.submission(await last(client.follow(id, { until, ...seconds(words) }))),
    find: ({ filters }) => ids(client.find(filters)),
    cancel: async ({ id }) => shapes.submission(await client.cancel(id)),
    request_deletion: async ({ id }) => shapes.submission(await client.requestDeletion(id)),
    appeal: async ({ id, text, idempotency_key }) =>
      shapes.appeal(await client.appeal(id, text, repeated(idempotency_key))),
    withdraw_appeal: async ({ id }) => shapes.appeal(await client.withdrawAppeal(id)),
    media: async ({ id }) => shapes.bytes(await client.media(id)),
    report: async ({ id, report, name }) => shapes.bytes(await client.report(id, report, name)),
    send_addresses: async ({ items, external_id = "", idempotency_key }) => {
      const more = { externalId: external_id, ...repeated(idempotency_key) };
      return shapes.batch(await client.sendAddresses(items, more));
    },
    batch: async ({ id }) => shapes.batch(await client.batch(id)),
    usage: async () => shapes.usage(await client.usage()),
    add_webhook: async ({ address, events }) => {
      const added = await client.addWebhook({ url: address, events });
      return { ...shapes.webhook(added), secret: added.secret };
    },
    change_webhook: async ({ id, is_active }) =>
      shapes.webhook(await client.changeWebhook(id, { is_active })),
    rotate_secret: ({ id }) => client.rotateSecret(id),
    test_webhook: async ({ id }) => (await client.testWebhook(id)).type,
    webhooks: async () => (await client.webhooks()).map(shapes.webhook),
    delete_webhook: async ({ id }) => (await client.deleteWebhook(id)) ?? null,
    upload: async (words) => {
      let address = "";
      const how = {
        ...sent(words), chunkSize: words.piece,
        onStarted: (where) => { address = where; },
        ...(words.upload_url ? { uploadUrl: words.upload_url } : {}),
      };
      try {
        const { id } = await client.submitInPieces(shapes.media(words), how);
        return { id, address };
      } catch (error) {
        if (error.name === "Unreachable" && address) return { id: null, address };
        throw error;
      }
    },
    verify: async ({ secret, body, headers }) => {
      const { id, type, livemode, data } = await verify(secret, body, headers);
      return { id, type, livemode, decision: data.decision?.outcome ?? null };
    },
  };
};
