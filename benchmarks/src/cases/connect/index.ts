import { startProcess } from "../../provider/start.ts";
import type { Case, Stage } from "../../runner/case.ts";

const side = (name: string): URL => new URL(`sides/${name}.ts`, import.meta.url);

export const connect: Case = {
  name: "connect/code-flow",
  title: "Code flows at an emulated provider in another process, from the start to the kept tokens, one after another.",
  figure: "flowsPerSecond",
  better: "higher",
  warmUps: 2,
  sides: [
    { name: "grantkeeper", module: side("grantkeeper") },
    { name: "by hand, in a Map", module: side("by-hand") },
  ],
  stage,
};

async function stage(): Promise<Stage> {
  const { origin, close } = await startProcess(new URL("emulator.ts", import.meta.url), []);
  return { settings: { origin }, close };
}
