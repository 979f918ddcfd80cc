import { Upload, type UploadOptions } from "tus-js-client";

import { Problem, Unreachable } from "./errors.js";
import type { Requests } from "./requests.js";

export interface Resumable {
  /** Bytes of one piece; 5 MB. */
  chunkSize?: number;
  /** Bytes that arrived, and all of them. */
  onProgress?: (sent: number, total: number) => void;
  /** The address of an upload that was cut off before, as `onStarted` told it. */
  uploadUrl?: string;
  /** The upload's address: keep it to go on after a restart of your program. */
  onStarted?: (uploadUrl: string) => void;
  signal?: AbortSignal;
}

const PIECE = 5_000_000;

/** Sends the media in pieces by the tus protocol; gives the address of the submission. */
export async function sendInPieces(
  requests: Requests,
  media: Blob,
  metadata: Record<string, string>,
  how: Resumable,
): Promise<string> {
  const source = await readable(media);
  return new Promise((resolve, reject) => {
    let submission = "";
    const options: UploadOptions = {
      endpoint: `${requests.root}/api/v1/uploads/`,
      headers: requests.headers,
      metadata,
      chunkSize: how.chunkSize ?? PIECE,
      uploadSize: media.size,
      retryDelays: Array.from({ length: requests.retries }, (_, n) => 500 * 2 ** n),
      storeFingerprintForResuming: false,
      onAfterResponse: (_, answer) => {
        submission = answer.getHeader("Touchstone-Submission") ?? submission;
      },
      onProgress: how.onProgress ?? null,
      onUploadUrlAvailable: () => how.onStarted?.(upload.url ?? ""),
      onSuccess: () => resolve(submission),
      onError: (error) => reject(plainly(error)),
    };
    if (how.uploadUrl) options.uploadUrl = how.uploadUrl;
    const upload = new Upload(source as Blob, options);
    how.signal?.addEventListener("abort", () => {
      void upload.abort().then(() => reject(how.signal?.reason));
    });
    upload.start();
  });
}

/** The library reads a Blob in browsers, and a stream in Node. */
async function readable(media: Blob): Promise<unknown> {
  if (typeof process === "undefined" || !process.versions?.node) return media;
  const { Readable } = await import("node:stream");
  return Readable.fromWeb(media.stream() as never);
}

function plainly(error: Error): Error {
  const answer = "originalResponse" in error ? (error.originalResponse as Answer | null) : null;
  if (!answer) return new Unreachable("No answer came from the server.", { cause: error });
  let said: Record<string, unknown> = {};
  try {
    said = JSON.parse(answer.getBody() || "{}") as Record<string, unknown>;
  } catch {
    // An answer that is not from the server itself.
  }
  return new Problem(answer.getStatus(), said);
}

interface Answer {
  getStatus(): number;
  getBody(): string;
}
