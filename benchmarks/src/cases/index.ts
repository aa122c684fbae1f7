import type { Case } from "../runner/case.ts";
import { held } from "./hot-path/held.ts";

export const cases: readonly Case[] = [held];
