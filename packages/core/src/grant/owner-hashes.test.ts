import { expect, test } from "vitest";
import { createOwnerHashes } from "./owner-hashes.ts";

test("an owner is hashed once while it is remembered, and of ten thousand the oldest is forgotten first", () => {
  const hashed: string[] = [];
  const hashOf = createOwnerHashes((owner) => {
    hashed.push(owner);
    return `hash of ${owner}`;
  });
  expect([hashOf("ada"), hashOf("bob"), hashOf("ada")]).toEqual(["hash of ada", "hash of bob", "hash of ada"]);
  expect(hashed).toEqual(["ada", "bob"]);
  for (let count = 0; count < 9_999; count++) hashOf(`owner ${count}`);
  hashed.length = 0;
  hashOf("bob");
  expect(hashed).toEqual([]);
  expect(hashOf("ada")).toBe("hash of ada");
  expect(hashed).toEqual(["ada"]);
});
