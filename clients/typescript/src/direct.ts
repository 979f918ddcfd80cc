import { Problem, Unreachable } from "./errors.js";
import { ROOT, pause, sleep, within, type Requests } from "./requests.js";
import type { Resumable } from "./resumable.js";
import type { components } from "./schema.js";

type Announced = components["schemas"]["Announced"];
type Announcement = components["schemas"]["AnnounceRequest"];
type Told = components["schemas"]["DirectUpload"];

const LONGEST_LOOK = 5_000;

/** Sends the media straight into the server's media store; gives the address of the submission. */
export async function sendDirect(
  requests: Requests,
  media: Blob,
  announcement: Omit<Announcement, "size">,
  how: Omit<Resumable, "chunkSize">,
): Promise<string> {
  const signal = how.signal ? { signal: how.signal } : {};
  const post = <T>(path: string, json?: unknown, headers: Record<string, string> = {}) =>
    requests.json<T>({ method: "POST", path, json, headers, ...signal });
  let said: Announced = how.uploadUrl
    ? await post(`${within(how.uploadUrl)}parts/`)
    : await post(
        `${ROOT}uploads/direct/`,
        { ...announcement, size: media.size },
        { "Idempotency-Key": crypto.randomUUID() },
      );
  how.onStarted?.(said.url);
  const url = within(said.url);
  for (let failures = 0; ; ) {
    const missing = said.parts.filter((part) => !part.etag);
    how.onProgress?.(media.size - missing.reduce((sum, part) => sum + part.size, 0), media.size);
    const part = missing[0];
    if (part === undefined) break;
    const bytes = media.slice(part.offset, part.offset + part.size);
    const etag = await requests.put(part.url, bytes, how.signal);
    // A browser is not shown the ETag unless the bucket says so: what lies there is asked for.
    if (etag) {
      part.etag = etag;
      failures = 0;
      continue;
    }
    if (etag === null && failures++ >= requests.retries) {
      throw new Unreachable("The media store did not take a part.");
    }
    if (etag === null) await sleep(pause(failures - 1), how.signal);
    said = await post(`${url}parts/`);
  }
  const parts = said.parts.map(({ number, etag }) => ({ number, etag }));
  let told: Told = said.state === "waiting" ? await post(`${url}complete/`, { parts }) : said;
  for (let look = 250; told.state === "waiting" || told.state === "receiving"; look *= 1.5) {
    await sleep(Math.min(look, LONGEST_LOOK), how.signal);
    told = await requests.json({ method: "GET", path: url, ...signal });
  }
  if (told.submission === null) {
    throw new Problem(422, { code: told.reason_code, detail: told.reason });
  }
  return told.submission;
}
