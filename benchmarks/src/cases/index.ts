import type { Case } from "../runner/case.ts";
import { held } from "./hot-path/held.ts";
import { manyConnections } from "./hot-path/many.ts";
import { stored } from "./hot-path/stored.ts";
import { storms } from "./storm/index.ts";
import { vault } from "./vault/index.ts";

export const cases: readonly Case[] = [held, stored, ...manyConnections, ...storms, ...vault];
