import { sealedStoreContract } from "@grantkeeper/testing";
import { describe, test } from "vitest";
import { makeSealedPlace } from "./test/door.ts";
import { missingServer } from "./test/server.ts";

const missing = await missingServer();

describe.skipIf(missing)(missing ?? "what is kept sealed", () => {
  sealedStoreContract(test, makeSealedPlace);
});
