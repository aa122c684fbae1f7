import { expect, test } from "vitest";
import { createAccounts } from "./accounts.ts";

const origin = "http://127.0.0.1:5000";

test("without accounts there are two, each with an avatar from here", () => {
  const { listed } = createAccounts(undefined, origin);
  expect(listed.map(({ avatarUrl }) => avatarUrl)).toEqual([`${origin}/_avatar/1001`, `${origin}/_avatar/1002`]);
});

test("seeded accounts have ids of their own, and are found by them", () => {
  const accounts = createAccounts([{ id: "7", name: "One", profile: { login: "one" } }], origin);
  const ids = [1, 2, 70_000].map(accounts.seededId);
  expect(ids).toEqual(["900000001", "900000002", "900070000"]);
  expect(ids.map((id) => accounts.find(id)?.id)).toEqual(ids);
  expect(accounts.find("900000001")?.profile).toEqual({ login: "one" });
  for (const id of ["8", "900000000", "x", ""]) expect(accounts.find(id)).toBeUndefined();
});

test("ids in the profile that make up the id are numbered with it", () => {
  const profile = { team: "T0EXAMPLE", user: "U0EXAMPLE", name: "one" };
  const accounts = createAccounts([{ id: "T0EXAMPLE:U0EXAMPLE", name: "One", profile }], origin);
  expect(accounts.seededId(12)).toBe("T0EXAMPLES12:U0EXAMPLES12");
  expect(accounts.find("T0EXAMPLES12:U0EXAMPLES12")?.profile).toEqual({
    team: "T0EXAMPLES12",
    user: "U0EXAMPLES12",
    name: "one",
  });
  expect(accounts.find("T0EXAMPLES12:U0EXAMPLES13")).toBeUndefined();
});
