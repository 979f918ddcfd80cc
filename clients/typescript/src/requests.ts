import { Problem, Unreachable } from "./errors.js";

export interface Options {
  /** An API key of your team, `tsk_...`. */
  key: string;
  /** How often a request is repeated that was refused for the moment or never answered; 5. */
  retries?: number;
  /** Milliseconds until an answer is given up; 30,000. Waiting for news is added to it. */
  timeout?: number;
  /** In place of the global `fetch`. */
  fetch?: typeof fetch;
}

export interface Call {
  method: string;
  path: string;
  query?: Record<string, unknown>;
  headers?: Record<string, string>;
  json?: unknown;
  form?: () => FormData;
  /** Nothing is done twice by it. */
  mayRepeat?: boolean;
  /** Milliseconds that the server may keep the answer back. */
  keptBack?: number;
  signal?: AbortSignal;
}

export const ROOT = "api/v1/";
const AGAIN = new Set([408, 429, 500, 502, 503, 504]);
const LONGEST_PAUSE = 60_000;

/** Sends calls, and repeats what may be repeated. */
export class Requests {
  readonly root: string;
  readonly headers: Record<string, string>;
  readonly retries: number;
  private readonly timeout: number;
  private readonly fetch: typeof fetch;

  constructor(url: string, options: Options) {
    this.root = url.replace(/\/+$/, "");
    this.headers = { Authorization: `Bearer ${options.key}` };
    this.retries = options.retries ?? 5;
    this.timeout = options.timeout ?? 30_000;
    this.fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  async json<T>(call: Call): Promise<T> {
    return (await (await this.send(call)).json()) as T;
  }

  /** The answer, 304 included. Throws `Problem` or `Unreachable`. */
  async send(call: Call): Promise<Response> {
    for (let attempt = 0; ; attempt++) {
      const answer = await this.tried(call, attempt);
      if (answer !== null && (answer.ok || answer.status === 304)) return answer;
      const problem = answer && new Problem(answer.status, await said(answer));
      if (problem && (attempt >= this.retries || !wantsRepeating(call, problem))) throw problem;
      await sleep(pause(attempt, answer), call.signal);
    }
  }

  /** To the media store itself, without the key; the ETag of what it took, or null to ask anew. */
  async put(url: string, body: Blob, signal?: AbortSignal): Promise<string | null> {
    try {
      const init: RequestInit = { method: "PUT", body };
      if (signal) init.signal = signal;
      const answer = await this.fetch(url, init);
      return answer.ok ? (answer.headers.get("ETag") ?? "") : null;
    } catch (error) {
      if (signal?.aborted) throw error;
      return null;
    }
  }

  /** The answer, or null where none came and the call may be sent again. */
  private async tried(call: Call, attempt: number): Promise<Response | null> {
    const deadline = AbortSignal.timeout(this.timeout + (call.keptBack ?? 0));
    const signal = call.signal ? AbortSignal.any([call.signal, deadline]) : deadline;
    const headers = { ...this.headers, ...call.headers };
    let body: BodyInit | undefined = call.form?.();
    if (call.json !== undefined) {
      headers["Content-Type"] = "application/json";
      body = JSON.stringify(call.json);
    }
    try {
      const init: RequestInit = { method: call.method, headers, signal };
      if (body !== undefined) init.body = body;
      return await this.fetch(this.address(call), init);
    } catch (error) {
      if (call.signal?.aborted) throw error;
      if (attempt < this.retries && call.mayRepeat !== false) return null;
      throw new Unreachable("No answer came from the server.", { cause: error });
    }
  }

  private address(call: Call): string {
    const url = new URL(call.path, `${this.root}/`);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined && value !== null) url.searchParams.set(name, text(value));
    }
    return url.href;
  }
}

/** What was refused before it was done may be repeated; so may what is done only once anyway. A
 * quota that is reached has room again next month: nobody waits that long. */
function wantsRepeating(call: Call, problem: Problem): boolean {
  if (problem.code === "quota_reached") return false;
  if (problem.status === 429 || problem.status === 503) return true;
  if (problem.status === 409) return problem.code === "idempotency_busy";
  return call.mayRepeat !== false && AGAIN.has(problem.status);
}

/** As long as the server asks, else 0.5, 1, 2 seconds and so on, with jitter. */
export function pause(attempt: number, answer: Response | null = null): number {
  const asked = answer?.headers.get("Retry-After");
  if (asked && Number.isFinite(Number(asked))) {
    return Math.min(Math.max(Number(asked), 0) * 1000, LONGEST_PAUSE);
  }
  return Math.min(500 * 2 ** attempt, LONGEST_PAUSE) * (0.5 + Math.random());
}

export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(done, milliseconds);
    function done(): void {
      signal?.removeEventListener("abort", ended);
      resolve();
    }
    function ended(): void {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    signal?.addEventListener("abort", ended, { once: true });
  });
}

/** From an address in an answer: the key goes to no other server than the one that was named. */
export function within(address: string): string {
  const { pathname, search } = new URL(address);
  return pathname.slice(pathname.indexOf(ROOT)) + search;
}

async function said(answer: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await answer.json();
    return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function text(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return Array.isArray(value) ? value.map(String).join(",") : String(value);
}
