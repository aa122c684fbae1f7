import { applyEdits } from "../edits.ts";
import { mutations } from "../mutations.ts";

// Loaded before the command: a protocol that writes no intents, for the command to find.
applyEdits(mutations.find(({ name }) => name === "no intent is written")?.edits ?? []);
