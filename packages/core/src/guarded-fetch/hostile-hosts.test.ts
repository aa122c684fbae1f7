import { describe, expect, test } from "vitest";
import { codeOf } from "../test/errors.ts";
import { attackersDns, literals4, literals6, names, urls } from "../test/hostile-hosts.ts";
import { guardedFetch } from "./guarded-fetch.ts";

const hostile = [...[...literals4, ...literals6, ...names].map((host) => `https://${host}/`), ...urls];

describe("hosts that a user might name", () => {
  test("R24 there are enough of them, and none twice", () => {
    expect(new Set(hostile).size).toBe(hostile.length);
    expect(hostile.length).toBeGreaterThanOrEqual(200);
  });

  test.each(hostile)("R24 refuses %j, and sends nothing", async (url) => {
    const lookups: string[] = [];
    const fetch = guardedFetch({
      lookup: async (hostname) => {
        lookups.push(hostname);
        return attackersDns[hostname] ?? ["127.0.0.1"];
      },
    });
    expect(await codeOf(() => fetch(url))).toBe("invalid_request");
    expect(lookups.length).toBeLessThanOrEqual(1);
  });

  // Where DNS would say something public of each, the form alone has to refuse it.
  test.each([
    "http://example.com/",
    "http://example.com:443/",
    "ftp://example.com:443/",
    "wss://example.com/",
    "https://example.com:22/",
    "https://example.com:444/",
    "https://user@example.com/",
    "https://:password@example.com/",
    "https://example.com./",
    "https://-example.com/",
    "https://example.com;.evil.com/",
    "https://localhost/",
    "https://metadata/",
    "https://kubernetes/",
    "https://metadata.google.internal/",
    "https://metadata.goog/",
    "https://instance-data.ec2.internal/",
  ])("R24 refuses %s by its form, before DNS is asked", async (url) => {
    const fetch = guardedFetch({ ports: [80, 443], lookup: () => expect.unreachable() });
    expect(await codeOf(() => fetch(url))).toBe("invalid_request");
  });

  test.each(["https://metadata.google.internal/", "https://metadata.goog/", "https://instance-data.ec2.internal/"])(
    "R24 refuses %s whatever is allowed",
    async (url) => {
      const fetch = guardedFetch({ allowPrivateNetworks: ["10.0.0.0/8"], lookup: () => expect.unreachable() });
      expect(await codeOf(() => fetch(url))).toBe("invalid_request");
    },
  );

  test.each([...literals4, ...literals6])("R24 refuses the address %s without asking DNS", async (address) => {
    const fetch = guardedFetch({ lookup: () => expect.unreachable() });
    expect(await codeOf(() => fetch(`https://${address}/`))).toBe("invalid_request");
  });
});
