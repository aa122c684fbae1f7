import type { Case } from "../runner/case.ts";
import { connect } from "./connect/index.ts";
import { held } from "./hot-path/held.ts";
import { manyConnections } from "./hot-path/many.ts";
import { stored } from "./hot-path/stored.ts";
import { refreshCases } from "./refresh/index.ts";
import { start } from "./start/index.ts";
import { storeCases } from "./stores/index.ts";
import { storms } from "./storm/index.ts";
import { vault } from "./vault/index.ts";

export const cases: readonly Case[] = [
  held,
  stored,
  ...manyConnections,
  ...storms,
  ...storeCases,
  ...refreshCases,
  ...vault,
  start,
  connect,
];
