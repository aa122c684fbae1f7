import type { CutFault } from "./faults.ts";
import type { MakeStage } from "./stage.ts";

/** Loses all data and their end. `began` is called when the first of it is lost. */
export function swallowing(began?: () => void): MakeStage {
  return (line) => {
    let hasLost = false;
    return {
      take: (piece) => {
        if (piece.kind === "close" || piece.kind === "reset") return line.forward(piece);
        line.lose(piece);
        if (hasLost) return;
        hasLost = true;
        began?.();
      },
      release: () => !hasLost,
      stop: () => {},
    };
  };
}

/** Passes on so many bytes, and ends the connection behind them. */
export function cutting({ afterBytes, by }: CutFault): MakeStage {
  return (line) => {
    let left = afterBytes;
    return {
      take: (piece) => {
        if (piece.kind !== "data") return line.forward(piece);
        const passing = piece.bytes.subarray(0, left);
        left -= passing.length;
        if (passing.length > 0) line.forward({ kind: "data", bytes: passing });
        if (left > 0) return;
        line.lose({ kind: "data", bytes: piece.bytes.subarray(passing.length) });
        line.forward({ kind: by });
      },
      // What comes behind a cut is lost without the stage too.
      release: () => true,
      stop: () => {},
    };
  };
}
