import * as openid from "openid-client";
import { describe, expect, test } from "vitest";
import { exampleConnector } from "../test/connector.ts";
import { createConfigurations } from "./configuration.ts";
import { serverOf } from "./server.ts";

const connector = exampleConnector();
const server = serverOf(connector, {});

describe("the configurations of a server", () => {
  test("one that is in use is lent to nobody else, and is lent again once it is free", async () => {
    const { use } = createConfigurations(Date.now);
    const first = await use(connector, server, async (configuration) => configuration);
    const used = await use(connector, server, async (outer) => {
      const inner = await use(connector, server, async (configuration) => configuration);
      return { outer, inner };
    });
    expect(used.outer).toBe(first);
    expect(used.inner).not.toBe(first);
  });

  test("R54 nothing of a request stays in one that is free, also where the request failed", async () => {
    const { use } = createConfigurations(Date.now);
    let prepared: openid.CustomFetch | undefined;
    const failing = use(connector, server, async (configuration) => {
      prepared = async () => new Response("of this request");
      configuration[openid.customFetch] = prepared;
      throw new Error("failed");
    });
    await expect(failing).rejects.toThrow("failed");
    await use(connector, server, async (configuration) => {
      expect(configuration[openid.customFetch]).not.toBe(prepared);
      await expect(openid.refreshTokenGrant(configuration, "refresh-token")).rejects.toThrow();
    });
  });

  test("one is not lent again once the keeper's clock has moved against the machine's", async () => {
    let now = (): number => Date.now();
    const { use } = createConfigurations(() => now());
    const before = await use(connector, server, async (configuration) => configuration);
    now = () => Date.now() + 3_600_000;
    const after = await use(connector, server, async (configuration) => configuration);
    expect(after).not.toBe(before);
  });

  test("another connector's is never lent, though it be for the same server", async () => {
    const { use } = createConfigurations(Date.now);
    const other = exampleConnector({ clientId: "another-client" });
    await use(connector, server, async () => undefined);
    const client = await use(other, server, async (configuration) => configuration.clientMetadata());
    expect(client.client_id).toBe("another-client");
  });

  test("another server's is never lent", async () => {
    const { use } = createConfigurations(Date.now);
    const other = { ...server, refreshEndpoint: "https://other.example.com/token" };
    await use(connector, server, async () => undefined);
    const endpoint = await use(connector, other, async (configuration) => configuration.serverMetadata());
    expect(endpoint.token_endpoint).toBe("https://other.example.com/token");
  });
});
