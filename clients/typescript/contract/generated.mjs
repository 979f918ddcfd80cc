// @ts-check
// The operations of the schema alone: `openapi-fetch` over the generated types of src/schema.ts. It
// neither repeats nor waits, so it has no `upload` and no `verify`. `tsc -p contract` checks that
// each address, field and answer here is one of the schema.
import createClient from "openapi-fetch";

import * as shapes from "./shapes.mjs";

/** @typedef {import("../src/schema.js").paths} paths */
/** @typedef {import("../src/schema.js").components["schemas"]} Schemas */

class Problem extends Error {
  name = "Problem";

  /** @param {Response} response @param {Partial<Schemas["Problem"]>} said */
  constructor(response, said) {
    super(said.detail);
    this.status = response.status;
    this.code = said.code;
    this.errors = said.errors ?? [];
    this.retryAfter = Number(response.headers.get("Retry-After"));
  }
}

/**
 * @template T
 * @param {Promise<{ data?: T, error?: unknown, response: Response }>} asked
 * @returns {Promise<T>}
 */
async function told(asked) {
  const { data, error, response } = await asked;
  if (!response.ok) throw new Problem(response, /** @type {any} */ (error));
  return /** @type {T} */ (data);
}

/** @param {string} url @param {string} key */
export function generated(url, key) {
  /** @type {import("openapi-fetch").Client<paths>} */
  const api = createClient({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });
  const of = (/** @type {string} */ id) => ({ params: { path: { id } } });
  const once = (/** @type {string | undefined} */ key) => ({ "Idempotency-Key": key });

  /** @param {string} id @param {number} wait */
  const read = (id, wait = 0) => told(api.GET("/api/v1/submissions/{id}/", {
    params: { path: { id }, query: { wait } },
  }));

  return {
    submit: async (/** @type {any} */ words) => {
      const { filename = "media", note, external_id, language, idempotency_key } = words;
      const body = { file: "", batch: false, note, external_id, language };
      return shapes.submission(await told(api.POST("/api/v1/submissions/", {
        params: { header: once(idempotency_key) },
        body,
        bodySerializer: (said) => {
          const form = new FormData();
          for (const [name, value] of Object.entries(said ?? {})) {
            if (value !== undefined && name !== "file") form.set(name, String(value));
          }
          form.set("file", shapes.media(words), filename);
          return form;
        },
      })));
    },
    get: async (/** @type {any} */ { id }) => shapes.submission(await read(id)),
    wait: async (/** @type {any} */ { id }) => shapes.submission(await read(id, 50)),
    find: async (/** @type {any} */ { filters }) => {
      /** @type {string[]} */
      const found = [];
      /** @type {string | undefined} */
      let cursor;
      do {
        /** @type {Schemas["Page"]} */
        const page = await told(api.GET("/api/v1/submissions/", {
          params: { query: { ...filters, cursor } },
        }));
        found.push(...page.results.map((one) => one.id));
        cursor = (page.next && new URL(page.next).searchParams.get("cursor")) || undefined;
      } while (cursor);
      return found;
    },
    cancel: async (/** @type {any} */ { id }) =>
      shapes.submission(await told(api.POST("/api/v1/submissions/{id}/cancel/", of(id)))),
    request_deletion: async (/** @type {any} */ { id }) =>
      shapes.submission(await told(api.DELETE("/api/v1/submissions/{id}/", of(id)))),
    appeal: async (/** @type {any} */ { id, text, idempotency_key }) =>
      shapes.appeal(await told(api.POST("/api/v1/submissions/{id}/appeal/", {
        params: { path: { id }, header: once(idempotency_key) }, body: { text },
      }))),
    withdraw_appeal: async (/** @type {any} */ { id }) =>
      shapes.appeal(await told(api.POST("/api/v1/submissions/{id}/appeal/withdraw/", of(id)))),
    media: async (/** @type {any} */ { id }) =>
      shapes.bytes(new Response(await told(api.GET("/api/v1/submissions/{id}/media/", {
        ...of(id), parseAs: "arrayBuffer",
      })))),
    report: async (/** @type {any} */ { id, report, name }) =>
      shapes.bytes(new Response(await told(
        api.GET("/api/v1/submissions/{id}/reports/{report}/{name}/", {
          params: { path: { id, report, name } }, parseAs: "arrayBuffer",
        })))),
    send_addresses: async (/** @type {any} */ { items, external_id = "", idempotency_key }) =>
      shapes.batch(await told(api.POST("/api/v1/batches/", {
        params: { header: once(idempotency_key) },
        body: {
          items: items.map((/** @type {any} */ one) => (typeof one === "string" ? { url: one } : one)),
          external_id,
        },
      }))),
    batch: async (/** @type {any} */ { id }) =>
      shapes.batch(await told(api.GET("/api/v1/batches/{id}/", of(id)))),
    usage: async () => shapes.usage(await told(api.GET("/api/v1/usage/"))),
    add_webhook: async (/** @type {any} */ { address, events }) => {
      const body = { url: address, events };
      const added = await told(api.POST("/api/v1/webhooks/", { body }));
      return { ...shapes.webhook(added), secret: added.secret };
    },
    change_webhook: async (/** @type {any} */ { id, is_active }) =>
      shapes.webhook(await told(api.PATCH("/api/v1/webhooks/{id}/", { ...of(id), body: { is_active } }))),
    rotate_secret: async (/** @type {any} */ { id }) =>
      (await told(api.POST("/api/v1/webhooks/{id}/rotate/", of(id)))).secret,
    test_webhook: async (/** @type {any} */ { id }) =>
      (await told(api.POST("/api/v1/webhooks/{id}/test/", of(id)))).type,
    webhooks: async () => (await told(api.GET("/api/v1/webhooks/"))).results.map(shapes.webhook),
    delete_webhook: async (/** @type {any} */ { id }) =>
      (await told(api.DELETE("/api/v1/webhooks/{id}/", of(id)))) ?? null,
  };
}
