import { GrantkeeperError, type KeyProvider } from "@grantkeeper/core";
import type { KeyFlaw } from "./key-provider-flaws.ts";
import type { KeyProviderUnderTest } from "./key-provider-test.ts";
import { type ReferenceKey, referenceKey } from "./reference-key.ts";

/** A key provider without a service, for this package's own tests, with a flaw where one is asked for. */
export async function referenceKeyProvider(flaw?: KeyFlaw): Promise<KeyProviderUnderTest> {
  const [own, other] = [referenceKey(flaw), referenceKey(flaw)];
  return {
    client: () => providerOf(own, flaw),
    stranger: () => providerOf(other, flaw),
    dispose: async () => undefined,
  };
}

function providerOf({ wrap, unwrap }: Pick<ReferenceKey, "wrap" | "unwrap">, flaw?: KeyFlaw): KeyProvider {
  const is = (candidate: KeyFlaw): boolean => candidate === flaw;
  const ownOnes = new Set<string>();
  let last: Uint8Array | undefined;
  return {
    id: "reference",
    async wrap(key, context) {
      const wrapped = wrap(key, context);
      ownOnes.add(Buffer.from(wrapped).toString("hex"));
      if (is("changes what it is given")) key.fill(0);
      return wrapped;
    },
    async unwrap(wrapped, context) {
      const opened = unwrap(wrapped, context);
      if (is("knows what it wrapped itself only") && !ownOnes.has(Buffer.from(wrapped).toString("hex")))
        throw damaged();
      if (typeof opened === "string") {
        if (is("throws errors of its own")) throw new Error("damaged");
        if (is("calls damage an outage")) throw new GrantkeeperError("keys_unavailable", "Try again.");
        throw damaged();
      }
      if (!is("answers the last call")) return opened;
      last = opened;
      await undefined;
      return last;
    },
  };
}

export function damaged(): GrantkeeperError {
  return new GrantkeeperError("decryption_failed", "This key has not wrapped that.");
}
