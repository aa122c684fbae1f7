import type { IncomingMessage, ServerResponse } from "node:http";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { toResponse } from "./context.ts";
import type { Fault } from "./options.ts";

/** Node's own request and response, which faults act on. */
export interface ServerBindings {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** Does what a fault says in place of an answer, or to the true one. */
export async function commitFault(
  fault: Fault,
  answer: Response | undefined,
  { incoming, outgoing }: ServerBindings,
): Promise<Response> {
  if (typeof fault !== "string") return toResponse(fault);
  if (fault === "cut" && answer !== undefined) {
    const body = Buffer.from(await answer.arrayBuffer());
    outgoing.writeHead(answer.status, { ...Object.fromEntries(answer.headers), "content-length": String(body.length) });
    await new Promise<void>((resolve) => outgoing.write(body.subarray(0, body.length >> 1), () => resolve()));
  }
  incoming.socket.resetAndDestroy();
  return RESPONSE_ALREADY_SENT;
}
