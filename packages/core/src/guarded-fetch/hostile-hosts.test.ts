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

  test.each([...literals4, ...literals6])("R24 refuses the address %s without asking DNS", async (address) => {
    const fetch = guardedFetch({ lookup: () => expect.unreachable() });
    expect(await codeOf(() => fetch(`https://${address}/`))).toBe("invalid_request");
  });
});
