import { expect, test } from "vitest";
import { failuresOf, firstFailureOf } from "./collect-tests.ts";
import { keyProviderContract } from "./key-provider.ts";
import { clientFlaws, keyFlaws } from "./key-provider-flaws.ts";
import { referenceKeyProvider } from "./reference-key-provider.ts";
import { referenceKeyService } from "./reference-key-service.ts";

const served = { service: true, retirement: true } as const;

keyProviderContract(test, () => referenceKeyProvider());
keyProviderContract(test, () => referenceKeyService(), served);

test.for(keyFlaws)("the suite notices a key provider whose flaw is: %s", async (flaw) => {
  const open = () => referenceKeyProvider(flaw);
  expect(await firstFailureOf((register) => keyProviderContract(register, open))).toBeDefined();
});

test.concurrent.for(clientFlaws)("the suite notices a client of a key service whose flaw is: %s", async (flaw, it) => {
  const open = () => referenceKeyService(flaw);
  it.expect(await firstFailureOf((register) => keyProviderContract(register, open, served))).toBeDefined();
});

test("the suite leaves out no test of a service by mistake", async () => {
  const [all, alone]: [string[], string[]] = [[], []];
  keyProviderContract(
    (name) => all.push(name),
    () => referenceKeyService(),
    served,
  );
  keyProviderContract(
    (name) => alone.push(name),
    () => referenceKeyProvider(),
  );
  expect(all.length).toBeGreaterThan(alone.length);
  expect(await failuresOf((register) => keyProviderContract(register, () => referenceKeyService()))).toEqual(alone);
  expect(await failuresOf((register) => keyProviderContract(register, () => referenceKeyProvider(), served))).toEqual(
    all,
  );
});
