import { createEnvironment } from "../environment.ts";
import type { Fetch } from "../provider/http.ts";
import { createTransport, type Transport } from "../provider/transport.ts";

/** Requests by a test's own `fetch`. */
export function transportOf(fetch: Fetch): Transport {
  return createTransport({ fetch, after: createEnvironment().after, callTimeoutMs: 5_000 });
}
