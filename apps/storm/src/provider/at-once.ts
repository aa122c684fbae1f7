import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A token endpoint that judges nothing and rotates whatever it is sent: what it takes is the way there and back. The
 * emulator's own work would count as the network's, and leave a keeper that waits for it with cold caches.
 */
export interface TokenEndpointAtOnce {
  readonly url: string;
  /** How many requests it has answered. */
  readonly answered: number;
  close(): void;
}

export async function startTokenEndpointAtOnce(): Promise<TokenEndpointAtOnce> {
  let answered = 0;
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      answered++;
      const tokens = { access_token: `access-${answered}`, refresh_token: `refresh-${answered}` };
      const body = JSON.stringify({ ...tokens, token_type: "Bearer", expires_in: 3_600, scope: "read" });
      response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" }).end(body);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/token`,
    get answered() {
      return answered;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
