import { sealedStoreContract } from "@grantkeeper/testing";
import { test } from "vitest";
import { makePlace } from "./test/door.ts";

sealedStoreContract(test, makePlace);
