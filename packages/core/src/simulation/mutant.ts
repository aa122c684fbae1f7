import { applyEdits } from "./edits.ts";
import { mutations } from "./mutations.ts";

// Plays sequences against the protocol with one protection taken out, named on the command line, or (`none`) with all of
// them. Writes one line of JSON.

const [name, mode, seed, sequences] = process.argv.slice(2);
const mutation = mutations.find((known) => known.name === name);
if (mutation === undefined && name !== "none") throw new Error(`There is no mutation "${name}".`);
applyEdits(mutation?.edits ?? []);

// Loaded only now, so that the changes are in it.
const { createStage } = await import("./simulate.ts");
const { runChunk } = await import("./runner.ts");
const { rotationModes } = await import("./provider.ts");

Error.stackTraceLimit = 0;
const rotation = rotationModes.find((known) => known === mode);
if (rotation === undefined) throw new Error(`There is no rotation "${mode}".`);
const stage = await createStage(rotation, new Set(mutation?.without === undefined ? [] : [mutation.without]));
const { mixture } = mutation ?? {};
const chunk = { mode: rotation, mixture, seed: Number(seed), sequences: Number(sequences), shrinks: false };
const { summary, failure } = await runChunk(stage, chunk);
const broken = Object.entries(summary.violations).flatMap(([invariant, count]) => (count > 0 ? [invariant] : []));
const what = failure?.violations.map(({ invariant, what }) => `${invariant}: ${what}`) ?? [];
process.stdout.write(`${JSON.stringify({ sequences: summary.sequences, broken, what })}\n`);
