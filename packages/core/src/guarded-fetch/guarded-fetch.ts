import type { IncomingMessage } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isGrantkeeperError } from "../errors.ts";
import { brandGuarded, guardRefusal } from "../provider/guard.ts";
import { isVerificationOff } from "../provider/tls.ts";
import { checkOptions, type Guard, type GuardedFetchOptions } from "./options.ts";
import { type Outgoing, readOutgoing } from "./outgoing.ts";
import { assertConnectedTo, resolve } from "./resolve.ts";
import { reasonOf, toResponse } from "./response.ts";

/**
 * A `fetch` for hosts that users name: https to public addresses only, each host resolved once for the one connection that
 * its request gets. It follows no redirect, uses no proxy, and ends at a limit of size and time.
 *
 * A refused request rejects with `invalid_request`, and nothing of it has left. `invalid_config`: options that cannot work,
 * or NODE_TLS_REJECT_UNAUTHORIZED=0. An answer in an unknown compression, or a body over the limit, is `invalid_response`.
 * Whatever else fails is fetch's own TypeError.
 *
 * ```ts
 * createKeeper({ …, fetch: guardedFetch() });
 * ```
 */
export function guardedFetch(options: GuardedFetchOptions = {}): typeof globalThis.fetch {
  const guard = checkOptions(options);
  assertVerification();
  const fetch: typeof globalThis.fetch = async (input, init) =>
    send(guard, await readOutgoing(guard, input, init), guard.timeoutMs, () => true);
  // The keeper has a deadline of its own for each request, which a lease depends on.
  return brandGuarded(fetch, async (url, init, mayLeave) =>
    send(guard, await readOutgoing(guard, url, init), undefined, mayLeave),
  );
}

async function send(
  guard: Guard,
  outgoing: Outgoing,
  timeoutMs: number | undefined,
  mayLeave: () => boolean,
): Promise<Response> {
  assertVerification();
  const { signal, end } = lifetime(outgoing.request, timeoutMs);
  try {
    signal.throwIfAborted();
    const addresses = await unlessAborted(signal, resolve(guard, outgoing.target.hostname));
    const incoming = await exchange(guard, outgoing, addresses, mayLeave, signal);
    try {
      const status = incoming.statusCode ?? 0;
      if (outgoing.request.redirect === "error" && status >= 300 && status < 400)
        throw new Error("an unexpected redirect");
      const { method } = outgoing;
      return toResponse(incoming, { method, maximumBytes: guard.maximumBodyBytes, signal, onEnd: end });
    } catch (error) {
      incoming.destroy();
      throw error;
    }
  } catch (error) {
    end();
    if (signal.aborted) throw signal.reason;
    throw isGrantkeeperError(error) ? error : new TypeError("fetch failed", { cause: error });
  }
}

/** Gives the answer's head. The request leaves when the connection stands and leads where it should. */
function exchange(
  guard: Guard,
  { target, method, headers, body }: Outgoing,
  addresses: readonly string[],
  mayLeave: () => boolean,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { url, hostname, port } = target;
    const request = httpsRequest({
      hostname,
      port,
      method,
      path: `${url.pathname}${url.search}`,
      headers,
      // A connection of its own: one that is kept open was checked for another request.
      agent: new Agent({
        keepAlive: false,
        maxCachedSessions: 0,
        lookup: pinned(addresses),
        secureContext: guard.secureContextFor(hostname),
        rejectUnauthorized: true,
      }),
      insecureHTTPParser: false,
    });
    request.once("socket", (socket) => {
      socket.once("secureConnect", () => {
        try {
          assertConnectedTo(guard, addresses, socket.remoteAddress);
          if (!mayLeave()) throw new Error("not sent");
          request.end(body);
        } catch (error) {
          request.destroy(error as Error);
        }
      });
    });
    request.once("response", resolve);
    request.on("error", reject);
    request.once("close", () => reject(new Error("closed without an answer")));
    signal.addEventListener("abort", () => void request.destroy(reasonOf(signal)), { once: true });
  });
}

/** Answers with the addresses that were checked, whatever DNS says by now. */
function pinned(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  const [first] = all;
  return (_, options, callback) => {
    if (options.all === true) callback(null, all);
    else callback(null, first?.address ?? "", first?.family);
  };
}

interface Lifetime {
  readonly signal: AbortSignal;
  readonly end: () => void;
}

/** Aborts with the caller's signal, and at the deadline where there is one. */
function lifetime(callers: Request, timeoutMs: number | undefined): Lifetime {
  const controller = new AbortController();
  const follow = (): void => controller.abort(callers.signal.reason);
  const expire = (): void => controller.abort(new DOMException("The deadline has passed.", "TimeoutError"));
  const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs);
  if (callers.signal.aborted) follow();
  else callers.signal.addEventListener("abort", follow, { once: true });
  const end = (): void => {
    clearTimeout(timer);
    callers.signal.removeEventListener("abort", follow);
  };
  return { signal: controller.signal, end };
}

/** DNS cannot be called off; its answer is left alone then. */
function unlessAborted<Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function assertVerification(): void {
  if (!isVerificationOff()) return;
  throw guardRefusal(
    "NODE_TLS_REJECT_UNAUTHORIZED=0 switches off the verification of certificates: guardedFetch does not work then.",
    "invalid_config",
  );
}
