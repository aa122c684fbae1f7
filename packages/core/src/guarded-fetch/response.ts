import type { IncomingMessage } from "node:http";
import { type Duplex, PassThrough, pipeline, Readable, Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { GrantkeeperError } from "../errors.ts";
import { bodyOverLimit } from "../provider/guard.ts";

export interface ResponseLimits {
  readonly method: string;
  readonly maximumBytes: number;
  readonly signal: AbortSignal;
  /** Called once, when the body has ended, in whatever way. */
  readonly onEnd: () => void;
}

/** An answer as `fetch` gives it: its body is decompressed as it is read, and ends with an error at the limit. */
export function toResponse(
  incoming: IncomingMessage,
  { method, maximumBytes, signal, onEnd }: ResponseLimits,
): Response {
  const status = incoming.statusCode ?? 0;
  const headers = headersOf(incoming);
  const bodiless = method === "HEAD" || status === 204 || status === 205 || status === 304;
  if (bodiless) {
    incoming.destroy();
    onEnd();
    return new Response(null, { status, headers });
  }
  // Both ways of counting: what decompresses to nothing may be endless, too.
  const stages: readonly Duplex[] = [limit(maximumBytes), decoderOf(headers), limit(maximumBytes)];
  const body = pipeline([incoming, ...stages], onEnd) as unknown as Duplex;
  signal.addEventListener("abort", () => void body.destroy(reasonOf(signal)), { once: true });
  return new Response(Readable.toWeb(body) as ReadableStream<Uint8Array>, { status, headers });
}

/** Why a request was called off, as an error. */
export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException("The request was aborted.", "AbortError");
}

function headersOf(incoming: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  return headers;
}

/** One coding at most (RFC 9110, section 8.4): several, one in another, are what a bomb is made of. */
function decoderOf(headers: Headers): Duplex {
  switch (headers.get("content-encoding")?.trim().toLowerCase() ?? "identity") {
    case "identity":
    case "":
      return new PassThrough();
    case "gzip":
    case "x-gzip":
      return createGunzip();
    case "deflate":
      return createInflate();
    case "br":
      return createBrotliDecompress();
    default:
      throw new GrantkeeperError("invalid_response", "The answer is compressed in a way that was not asked for.");
  }
}

function limit(maximumBytes: number): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      size += chunk.byteLength;
      if (size > maximumBytes) done(bodyOverLimit(maximumBytes));
      else done(null, chunk);
    },
  });
}
