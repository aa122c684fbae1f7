import assert from "node:assert/strict";
import { testAnswers } from "./key-provider-answers.ts";
import { testKeeper } from "./key-provider-keeper.ts";
import { testKeeperOutages } from "./key-provider-keeper-outages.ts";
import { testServiceOutages } from "./key-provider-outages.ts";
import { testServiceRotation } from "./key-provider-rotation.ts";
import type { KeyProviderTestFunction, KeyProviderUnderTest, KeyServiceTestFunction } from "./key-provider-test.ts";
import { testWrapping } from "./key-provider-wrapping.ts";
import { type ServiceFront, startServiceFront } from "./key-service-front.ts";
import type { TestFunction } from "./test-function.ts";

export interface KeyProviderContractOptions {
  /** Whether `open` gives a `service`, and so whether outages, answers and rotation are tested. Default: false. */
  readonly service?: boolean;
  /** Whether that service has `retire`, and so whether retired versions of the key are tested. Default: false. */
  readonly retirement?: boolean;
}

/** Seconds: long enough for a machine that does other things too. */
const usualTimeout = 30;

/**
 * Registers the tests that every key provider must pass. `open` gives a key of its own for each test; where a service keeps
 * it, the suite stands between that service and its clients, and fails in its place. `test` is that of vitest or of
 * node:test.
 */
export function keyProviderContract(
  test: TestFunction,
  open: () => Promise<KeyProviderUnderTest>,
  { service: isServed = false, retirement: retires = false }: KeyProviderContractOptions = {},
): void {
  const withKey: KeyProviderTestFunction = (name, run) =>
    withOpened(name, ({ opened, front }) => run(it(opened, front)));

  const withService: KeyServiceTestFunction = (name, run) =>
    withOpened(name, async ({ opened, front }) => {
      const { service } = opened;
      assert.ok(service !== undefined && front !== undefined, "a key whose service is tested has a service");
      await run({ ...it(opened, front), service, front });
    });

  function withOpened(
    name: string,
    run: (given: { readonly opened: KeyProviderUnderTest; readonly front: ServiceFront | undefined }) => Promise<void>,
  ): void {
    test(name, async () => {
      const opened = await open();
      let front: ServiceFront | undefined;
      try {
        // Tests are registered before the first key is opened: a mistake here would leave some of them out.
        assert.equal(opened.service !== undefined, isServed, "`service` says whether there is a service");
        assert.equal(opened.service?.retire !== undefined, retires, "`retirement` says whether there is a retire");
        front = opened.service && (await startServiceFront(opened.service.address));
        await run({ opened, front });
      } finally {
        await front?.close();
        await opened.dispose();
      }
    });
  }

  testWrapping(withKey);
  testKeeper(withKey);
  if (!isServed) return;
  testServiceOutages(withService);
  testAnswers(withService);
  testServiceRotation(withService, { retires });
  testKeeperOutages(withService);
}

function it(opened: KeyProviderUnderTest, front: ServiceFront | undefined) {
  const address = front?.address ?? "";
  return {
    client: (timeout = usualTimeout) => opened.client({ address, timeout }),
    stranger: () => opened.stranger({ address, timeout: usualTimeout }),
  };
}
