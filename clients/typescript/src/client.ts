import { sendDirect } from "./direct.js";
import { TimedOut } from "./errors.js";
import { ROOT, Requests, sleep, within, type Options } from "./requests.js";
import { sendInPieces, type Resumable } from "./resumable.js";
import { events, type Followed } from "./stream.js";
import type { components, operations } from "./schema.js";

type Schemas = components["schemas"];
/** A submission with its result and decisions. */
export type Submission = Schemas["Detail"];
/** A submission as lists have it. */
export type Listed = Schemas["Submission"];
/** The answer to sending. Without the scope `submissions:read` it lacks what was found. */
export type Accepted = Schemas["Accepted"];
export type Decision = Schemas["DecisionMade"];
/** An objection to a decision. No answer holds its text. */
export type Appeal = Schemas["Appeal"];
/** A signed report of one decision. */
export type Report = Schemas["Report"];
/** What a key and its partner have sent this month, their quotas and the rates. */
export type Usage = Schemas["Usage"];
export type Batch = Schemas["Batch"];
export type BatchAccepted = Schemas["BatchAccepted"];
export type Webhook = Schemas["Endpoint"];
export type WebhookAdded = Schemas["EndpointAdded"];
export type Delivery = Schemas["Delivery"];
export type Filters = Omit<
  NonNullable<operations["submissions_list"]["parameters"]["query"]>,
  "cursor" | "ids"
> & { ids?: string[] };

export interface Words {
  /** Its name; a test key's result depends on it. */
  filename?: string;
  note?: string;
  policyContext?: string;
  externalId?: string;
  /** Of the media, a tag of BCP 47: `de`, `pt-BR`. */
  language?: string;
  /** No hurry: after what people wait for. */
  batch?: boolean;
  /** Only for keys that may send into more than one team. */
  team?: string;
}

export interface Waiting {
  /** Milliseconds; `TimedOut` after that. */
  timeout?: number;
  signal?: AbortSignal;
}

const LONGEST_WAIT = 50;
const ENDED = (one: Submission): boolean => one.state !== "queued" && one.state !== "running";
const newKey = (): string => crypto.randomUUID();

export class Touchstone {
  private readonly requests: Requests;

  constructor(url: string, options: Options) {
    this.requests = new Requests(url, options);
  }

  // --- sending -------------------------------------------------------------------------------
  /** Carries an `Idempotency-Key`, so that a repeat sends nothing twice. */
  submit(media: Blob, words: Words & { idempotencyKey?: string } = {}): Promise<Accepted> {
    const form = (): FormData => {
      const made = new FormData();
      made.set("file", media, name(media, words));
      for (const [field, value] of Object.entries(fields(words))) made.set(field, value);
      return made;
    };
    const headers = { "Idempotency-Key": words.idempotencyKey ?? newKey() };
    return this.requests.json({ method: "POST", path: `${ROOT}submissions/`, headers, form });
  }

  /** In pieces, each repeated by itself after a cut. Needs `submissions:read` for its answer. */
  async submitInPieces(media: Blob, words: Words & Resumable = {}): Promise<Submission> {
    const metadata = { filename: name(media, words), ...fields(words) };
    const url = await sendInPieces(this.requests, media, metadata, words);
    return this.requests.json({ method: "GET", path: within(url) });
  }

  /** Straight into the server's media store, where it offers that; else `Problem` with the code
   * `direct_uploads_off`. Needs `submissions:read` for its answer. */
  async submitDirect(
    media: Blob,
    words: Words & Omit<Resumable, "chunkSize"> = {},
  ): Promise<Submission> {
    const said = { filename: name(media, words), ...fields(words) };
    const announcement = { ...said, batch: Boolean(words.batch) };
    const url = await sendDirect(this.requests, media, announcement, words);
    return this.requests.json({ method: "GET", path: within(url) });
  }

  /** Up to 1,000 addresses, which the server fetches. */
  sendAddresses(
    items: (string | Schemas["ItemSendRequest"])[],
    more: { externalId?: string; team?: string; idempotencyKey?: string } = {},
  ): Promise<BatchAccepted> {
    const json = {
      items: items.map((one) => (typeof one === "string" ? { url: one } : one)),
      external_id: more.externalId ?? "",
      ...(more.team ? { team: more.team } : {}),
    };
    const headers = { "Idempotency-Key": more.idempotencyKey ?? newKey() };
    return this.requests.json({ method: "POST", path: `${ROOT}batches/`, headers, json });
  }

  batch(id: string): Promise<Batch> {
    return this.requests.json({ method: "GET", path: `${ROOT}batches/${id}/` });
  }

  // --- following -----------------------------------------------------------------------------
  get(id: string): Promise<Submission> {
    return this.requests.json({ method: "GET", path: `${ROOT}submissions/${id}/` });
  }

  /** Until the analysis has ended. */
  wait(id: string, how: Waiting = {}): Promise<Submission> {
    return this.until(id, ENDED, how.timeout ?? 600_000, how.signal);
  }

  /** Until a person's decision is in force. */
  waitForDecision(id: string, how: Waiting = {}): Promise<Submission> {
    return this.until(id, (one) => one.decision !== null, how.timeout ?? 86_400_000, how.signal);
  }

  /** The submission each time it changes, as it happens, from what it is now. Ends with the
   * analysis, or with `until: "decided"` when a person's decision is in force. */
  async *follow(
    id: string,
    how: Waiting & { until?: "ended" | "decided" } = {},
  ): AsyncGenerator<Submission> {
    const until = how.until ?? "ended";
    const path = `${ROOT}submissions/${id}/events/`;
    const asked = followed(how, until, 600_000);
    for await (const one of events<Submission>(this.requests, path, asked)) {
      yield one;
      if (until === "ended" ? ENDED(one) : one.decision !== null) return;
    }
  }

  /** As `follow`, until the batch is complete. Without its items, which `batch` has. */
  async *followBatch(id: string, how: Waiting = {}): AsyncGenerator<BatchAccepted> {
    const path = `${ROOT}batches/${id}/events/`;
    const asked = followed(how, "ended", 3_600_000);
    for await (const one of events<BatchAccepted>(this.requests, path, asked)) {
      yield one;
      if (one.completed_at !== null) return;
    }
  }

  /** All decisions about it, the first one first. */
  async decisions(id: string): Promise<Decision[]> {
    return (await this.get(id)).decisions;
  }

  /** Every submission that fits, page after page. */
  async *find(filters: Filters = {}): AsyncGenerator<Listed> {
    type Page = Schemas["Page"];
    let page = await this.requests.json<Page>({
      method: "GET",
      path: `${ROOT}submissions/`,
      query: filters,
    });
    for (;;) {
      yield* page.results;
      if (page.next === null) return;
      page = await this.requests.json({ method: "GET", path: within(page.next) });
    }
  }

  /** The bytes that were sent; needs `media:read`. */
  media(id: string): Promise<Response> {
    return this.requests.send({ method: "GET", path: `${ROOT}submissions/${id}/media/` });
  }

  /** A file of an issued report, as it was signed; needs `reports:read`. */
  report(id: string, report: string, name: Report["files"][number]["name"]): Promise<Response> {
    const path = `${ROOT}submissions/${id}/reports/${report}/${name}/`;
    return this.requests.send({ method: "GET", path });
  }

  cancel(id: string): Promise<Accepted> {
    const path = `${ROOT}submissions/${id}/cancel/`;
    return this.requests.json({ method: "POST", path, mayRepeat: false });
  }

  /** Asks for it; a person answers. */
  requestDeletion(id: string): Promise<Accepted> {
    return this.requests.json({ method: "DELETE", path: `${ROOT}submissions/${id}/` });
  }

  // --- appeals -------------------------------------------------------------------------------
  /** Objects to the decision in force; another person decides again, and `waitForDecision` waits
   * for that. Needs `appeals:write`. */
  appeal(id: string, text: string, more: { idempotencyKey?: string } = {}): Promise<Appeal> {
    const headers = { "Idempotency-Key": more.idempotencyKey ?? newKey() };
    const path = `${ROOT}submissions/${id}/appeal/`;
    return this.requests.json({ method: "POST", path, headers, json: { text } });
  }

  /** The first decision stands again. Refused once somebody has concluded about it. */
  withdrawAppeal(id: string): Promise<Appeal> {
    const path = `${ROOT}submissions/${id}/appeal/withdraw/`;
    return this.requests.json({ method: "POST", path, mayRepeat: false });
  }

  // --- usage ---------------------------------------------------------------------------------
  /** What this key and its partner have sent this month, their quotas and the rates. */
  usage(): Promise<Usage> {
    return this.requests.json({ method: "GET", path: `${ROOT}usage/` });
  }

  // --- webhooks ------------------------------------------------------------------------------
  async webhooks(): Promise<Webhook[]> {
    const found = await this.hook<Schemas["Endpoints"]>("GET");
    return found.results;
  }

  addWebhook(wanted: Schemas["EndpointAddRequest"]): Promise<WebhookAdded> {
    return this.hook("POST", "", wanted);
  }

  changeWebhook(id: string, wanted: Schemas["PatchedEndpointChangeRequest"]): Promise<Webhook> {
    return this.hook("PATCH", `${id}/`, wanted);
  }

  async rotateSecret(id: string): Promise<string> {
    return (await this.hook<Schemas["Secret"]>("POST", `${id}/rotate/`)).secret;
  }

  testWebhook(id: string): Promise<Delivery> {
    return this.hook("POST", `${id}/test/`);
  }

  async deleteWebhook(id: string): Promise<void> {
    await this.requests.send({ method: "DELETE", path: `${ROOT}webhooks/${id}/` });
  }

  private hook<T>(method: string, rest = "", json?: unknown): Promise<T> {
    const path = `${ROOT}webhooks/${rest}`;
    return this.requests.json({ method, path, json, mayRepeat: method === "GET" });
  }

  /** Asks again when anything is new, which the server tells by keeping its answer back. */
  private async until(
    id: string,
    enough: (one: Submission) => boolean,
    timeout: number,
    signal?: AbortSignal,
  ): Promise<Submission> {
    const end = Date.now() + timeout;
    let found: Submission | null = null;
    let known: string | null = null;
    for (;;) {
      const began = Date.now();
      const left = Math.max(end - began, 0) / 1000;
      const first = known === null;
      const wait = first ? 0 : Math.min(Math.floor(left), LONGEST_WAIT);
      const answer: Response = await this.requests.send({
        method: "GET",
        path: `${ROOT}submissions/${id}/`,
        query: wait > 0 ? { wait } : {},
        headers: known === null ? {} : { "If-None-Match": known },
        keptBack: wait * 1000,
        ...(signal ? { signal } : {}),
      });
      if (answer.status !== 304) found = (await answer.json()) as Submission;
      if (found !== null && enough(found)) return found;
      known = answer.headers.get("ETag");
      if (Date.now() >= end) throw new TimedOut(`${id} is still ${found?.state ?? "unknown"}.`);
      // A server that keeps nothing back is asked once a second.
      const early = Math.min(1000 - (Date.now() - began), end - Date.now());
      if (early > 0 && !first) await sleep(early, signal);
    }
  }
}

function followed(how: Waiting, until: "ended" | "decided", timeout: number): Followed {
  const most = how.timeout ?? timeout;
  return { until, timeout: most, ...(how.signal ? { signal: how.signal } : {}) };
}

function name(media: Blob, words: Words): string {
  return words.filename ?? ("name" in media && media.name ? String(media.name) : "media");
}

/** As the server calls them; empty ones are left out. */
function fields(words: Words): Record<string, string> {
  const all: Record<string, string | undefined> = {
    note: words.note,
    policy_context: words.policyContext,
    external_id: words.externalId,
    language: words.language,
    batch: words.batch ? "true" : undefined,
    team: words.team,
  };
  const said = Object.entries(all).filter((pair): pair is [string, string] => Boolean(pair[1]));
  return Object.fromEntries(said);
}

