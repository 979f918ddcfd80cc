import { createParser, type EventSourceMessage } from "eventsource-parser";
import { TimedOut, Unreachable } from "./errors.js";
import { pause, sleep, type Requests } from "./requests.js";

const LONGEST_STREAM = 600;
/** Milliseconds. A stream says something every 20 seconds; else it was cut. */
const LONGEST_SILENCE = 60_000;

export interface Followed {
  until: "ended" | "decided";
  timeout: number;
  signal?: AbortSignal;
}

/** The data of each event. A stream that was cut goes on where it was. */
export async function* events<T>(
  requests: Requests,
  path: string,
  how: Followed,
): AsyncGenerator<T> {
  const end = Date.now() + how.timeout;
  let last = "";
  for (let failures = 0; Date.now() < end; failures++) {
    const seconds = Math.max(1, Math.min(Math.floor((end - Date.now()) / 1000), LONGEST_STREAM));
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (last) headers["Last-Event-ID"] = last;
    const answer = await requests.send({
      method: "GET",
      path,
      query: { seconds, until: how.until },
      headers,
      keptBack: seconds * 1000,
      ...(how.signal ? { signal: how.signal } : {}),
    });
    if (answer.status === 204 || answer.body === null) return;
    failures = 0;
    try {
      for await (const event of parsed(answer.body)) {
        if (event.event) continue;
        last = event.id ?? last;
        yield JSON.parse(event.data) as T;
      }
    } catch (error) {
      if (how.signal?.aborted || error instanceof SyntaxError) throw error;
      if (failures >= requests.retries) throw new Unreachable("The stream was cut.", { cause: error });
    }
    await sleep(Math.max(0, Math.min(pause(failures), end - Date.now())), how.signal);
  }
  throw new TimedOut(`${path} went on for longer than ${how.timeout} ms.`);
}

/** Ends with an error after too long a silence: nobody else notices that the line is dead. */
async function* parsed(body: ReadableStream<Uint8Array>): AsyncGenerator<EventSourceMessage> {
  const found: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => found.push(event) });
  const text = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const next = await spoken(reader.read());
      if (next.done) return;
      parser.feed(text.decode(next.value, { stream: true }));
      yield* found.splice(0);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function spoken<T>(reading: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("silence")), LONGEST_SILENCE);
  });
  try {
    return await Promise.race([reading, silence]);
  } finally {
    clearTimeout(timer);
  }
}
