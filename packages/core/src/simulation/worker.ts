import type { RotationMode } from "./provider.ts";
import { type Chunk, type ChunkResult, runChunk } from "./runner.ts";
import type { Stage } from "./sequence.ts";
import { createStage } from "./simulate.ts";

// Plays the chunks that the command hands it, one after the other.

// A trace is made for every error that a keeper throws, and nobody reads it.
Error.stackTraceLimit = 0;

const stages = new Map<RotationMode, Promise<Stage>>();

// Whoever would be told of the result is gone.
process.on("disconnect", () => process.exit());

process.on("message", async (chunk: Chunk) => {
  const stage = stages.get(chunk.mode) ?? createStage(chunk.mode);
  stages.set(chunk.mode, stage);
  const result: ChunkResult = await runChunk(await stage, chunk);
  process.send?.(result);
});
