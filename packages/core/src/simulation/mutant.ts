import { applyEdits } from "./edits.ts";
import { mutations } from "./mutations.ts";

// Plays so many sequences against the protocol with one protection taken out, which is named on the command line. Writes
// one line of JSON: how many it took, and which invariants the last one broke.

const [name, sequences] = process.argv.slice(2);
const mutation = mutations.find((known) => known.name === name);
if (mutation === undefined) throw new Error(`There is no mutation "${name}".`);
applyEdits(mutation.edits ?? []);

// Loaded only now, so that the changes are in it.
const { createStage } = await import("./simulate.ts");
const { runChunk } = await import("./runner.ts");

Error.stackTraceLimit = 0;
const { mode, mixture, seed, without } = mutation;
const stage = await createStage(mode, new Set(without === undefined ? [] : [without]));
const chunk = { mode, mixture, seed: Number(process.argv[4] ?? seed), sequences: Number(sequences), shrinks: false };
const { summary, failure } = await runChunk(stage, chunk);
const violations = failure?.violations.map(({ invariant, what }) => `${invariant}: ${what}`) ?? [];
process.stdout.write(`${JSON.stringify({ sequences: summary.sequences, violations })}\n`);
