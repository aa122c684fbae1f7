import { guardRefusal } from "../provider/guard.ts";
import type { Guard } from "./options.ts";
import { checkTarget, type Target } from "./target.ts";

/** A request that is ready to be sent. */
export interface Outgoing {
  readonly target: Target;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Held as a whole: its signal follows the caller's only while it is there. */
  readonly request: Request;
}

/** What belongs to the connection, or would name another host than the one that was checked. */
const connectionHeaders = /^(?:connection|expect|host|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/;

/** Reads what `fetch` takes. A body that can be read only once, or of unknown length, is refused. */
export async function readOutgoing(
  guard: Guard,
  input: string | URL | Request,
  init: RequestInit | undefined,
): Promise<Outgoing> {
  const given = input instanceof Request ? input : undefined;
  const target = checkTarget(given?.url ?? String(input), guard);
  if (!isPlainBody(init?.body ?? given?.body)) {
    throw guardRefusal("guardedFetch sends text, URLSearchParams and bytes, and no stream, form data or blob.");
  }
  const request = new Request(given ?? target.url, init);
  for (const name of request.headers.keys()) {
    if (connectionHeaders.test(name)) throw guardRefusal(`guardedFetch sets the header "${name}" itself.`);
  }
  const body = Buffer.from(await request.arrayBuffer());
  const bodiless = request.method === "GET" || request.method === "HEAD";
  return {
    target,
    method: request.method,
    headers: {
      accept: "*/*",
      "user-agent": "grantkeeper",
      ...Object.fromEntries(request.headers),
      "accept-encoding": "gzip, deflate, br",
      ...(bodiless ? {} : { "content-length": String(body.byteLength) }),
    },
    body,
    request,
  };
}

function isPlainBody(body: unknown): boolean {
  if (body === undefined || body === null || typeof body === "string") return true;
  return body instanceof URLSearchParams || body instanceof ArrayBuffer || ArrayBuffer.isView(body);
}
