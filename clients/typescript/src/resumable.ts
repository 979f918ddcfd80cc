import { Upload, type FileReader, type UploadOptions } from "tus-js-client";

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
    if (inNode()) options.fileReader = ANY_PART;
    const upload = new Upload(media, options);
    how.signal?.addEventListener("abort", () => {
      void upload.abort().then(() => reject(how.signal?.reason));
    });
    upload.start();
  });
}

function inNode(): boolean {
  return typeof process !== "undefined" && Boolean(process.versions?.node);
}

/** The library reads a Blob in browsers only. Of a stream, as it reads in Node, it cannot begin in
 * the middle, where an upload that was cut off goes on. */
const ANY_PART: FileReader = {
  openFile: (media: Blob) =>
    Promise.resolve({
      size: media.size,
      slice: async (start: number, end: number) => {
        const part = new Uint8Array(await media.slice(start, end).arrayBuffer());
        // Of its `size` the library makes the Content-Length.
        const value = Object.assign(part, { size: part.length });
        return { value, done: end >= media.size };
      },
      close: () => undefined,
    }),
};

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
