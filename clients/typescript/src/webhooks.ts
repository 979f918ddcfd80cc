import { NotGenuine } from "./errors.js";
import type { components } from "./schema.js";

export interface Message {
  /** The same when the message is sent again: take each id once. */
  id: string;
  type: components["schemas"]["EventsEnum"] | "webhook.test" | (string & {});
  timestamp: string;
  /** False: it is about what a test key sent. */
  livemode: boolean;
  data: Record<string, unknown> & { decision?: components["schemas"]["Decision"] | null };
}

const TOLERANCE_SECONDS = 300;
const SECRET_PREFIX = "whsec_";
type Heads = Headers | Record<string, string | string[] | undefined>;

/** The message, or `NotGenuine`. `body` as it came, before anything parsed it. */
export async function verify(
  secret: string,
  body: string | Uint8Array,
  headers: Heads,
  now: Date = new Date(),
): Promise<Message> {
  const id = head(headers, "webhook-id");
  const at = head(headers, "webhook-timestamp");
  const age = Math.abs(now.getTime() / 1000 - Number(at));
  if (!/^\d+$/.test(at) || age > TOLERANCE_SECONDS) throw new NotGenuine("It is too old or new.");
  const text = typeof body === "string" ? body : new TextDecoder().decode(body);
  const signed = new TextEncoder().encode(`${id}.${at}.${text}`);
  const key = await imported(secret);
  for (const one of head(headers, "webhook-signature").split(" ")) {
    const [version, value] = one.split(",", 2);
    const signature = version === "v1" && value ? bytes(value) : null;
    if (signature && (await crypto.subtle.verify("HMAC", key, signature, signed))) {
      return read(id, text);
    }
  }
  throw new NotGenuine("No signature fits.");
}

async function imported(secret: string): Promise<CryptoKey> {
  const raw = bytes(secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret);
  if (!raw || raw.length === 0) throw new NotGenuine("The secret cannot be read.");
  return crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

function read(id: string, text: string): Message {
  try {
    const said = JSON.parse(text) as Omit<Message, "id">;
    return { ...said, id, livemode: said.livemode ?? true };
  } catch (error) {
    throw new NotGenuine("The body is no message.", { cause: error });
  }
}

function head(headers: Heads, name: string): string {
  if (headers instanceof Headers) return headers.get(name) ?? "";
  for (const [key, value] of Object.entries(headers)) {
    if (key.toLowerCase() === name) return (Array.isArray(value) ? value[0] : value) ?? "";
  }
  return "";
}

function bytes(base64: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}
