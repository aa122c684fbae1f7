import { createHandler, createKeeper, generateKey } from "@grantkeeper/core";
import { pointAt } from "../../../../../packages/testing/src/provider/point-at.ts";
import type { OpenSide } from "../../../runner/side.ts";
import { connectSide } from "../connect-side.ts";
import { callbackUrl, connector } from "../connector.ts";

/** Through the handler, with the store in memory. */
export const open: OpenSide = connectSide((origin, fetch) => {
  const keeper = createKeeper({
    connectors: { github: pointAt(connector, origin, connector.rotation) },
    keys: [{ id: "benchmark", secret: generateKey() }],
    callbackUrl,
    fetch,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const handler = createHandler(keeper, { owner: (request) => request.headers.get("x-owner") });
  return {
    async start(owner) {
      const headers = { "x-owner": owner, "sec-fetch-site": "same-origin" };
      const response = await handler(new Request(`${callbackUrl}/github`, { method: "POST", headers }));
      const [url, cookie] = [response.headers.get("location"), response.headers.get("set-cookie")?.split(";")[0]];
      if (url === null || cookie === undefined) throw new Error(`The start was answered with ${response.status}.`);
      return { url, cookie };
    },
    async finish(owner, url, cookie) {
      const response = await handler(new Request(url, { headers: { "x-owner": owner, cookie } }));
      if (response.status !== 303) throw new Error(`The callback was answered with ${await response.text()}`);
    },
  };
});
