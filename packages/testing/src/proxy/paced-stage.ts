import type { Pacing } from "./pacing.ts";
import type { Line, MakeStage, Piece } from "./stage.ts";

/** The longest that setTimeout waits; longer waits begin anew. */
const longestTimerMs = 2_147_483_647;
const spentBeforeCompacting = 1024;

interface Arrived {
  readonly piece: Piece;
  readonly arrivedAt: number;
}

/** Passes on what it takes byte for byte and in order, at the times that a pacing says. */
export function paced(pacing: Pacing): MakeStage {
  return (line: Line) => {
    let queue: Arrived[] = [];
    let first = 0;
    let timer: NodeJS.Timeout | undefined;
    let next: { readonly size: number; readonly dueAt: number } | undefined;
    let last = { dueAt: Number.NEGATIVE_INFINITY, passedAt: Number.NEGATIVE_INFINITY };

    function pump(): void {
      for (let head = queue[first]; head !== undefined && timer === undefined; head = queue[first]) {
        next ??= pacing({ kind: head.piece.kind, size: sizeOf(head.piece), arrivedAt: head.arrivedAt }, last);
        const now = performance.now();
        if (next.dueAt > now) {
          wait(next.dueAt - now);
          return;
        }
        const { size, dueAt } = next;
        next = undefined;
        last = { dueAt, passedAt: now };
        passOn(head, size);
      }
    }

    function wait(ms: number): void {
      if (ms === Number.POSITIVE_INFINITY) return;
      timer = setTimeout(
        () => {
          timer = undefined;
          pump();
        },
        Math.min(Math.ceil(ms), longestTimerMs),
      );
    }

    function passOn({ piece, arrivedAt }: Arrived, size: number): void {
      if (piece.kind === "data" && size < piece.bytes.length) {
        queue[first] = { piece: { kind: "data", bytes: piece.bytes.subarray(size) }, arrivedAt };
        line.forward({ kind: "data", bytes: piece.bytes.subarray(0, size) });
        return;
      }
      first += 1;
      // Taking from the front one by one would move the whole queue each time.
      if (first === queue.length || first >= spentBeforeCompacting) {
        queue = queue.slice(first);
        first = 0;
      }
      line.forward(piece);
    }

    function stop(): void {
      clearTimeout(timer);
      timer = undefined;
      queue = [];
      first = 0;
      next = undefined;
    }

    return {
      take: (piece) => {
        queue.push({ piece, arrivedAt: performance.now() });
        pump();
      },
      release: () => {
        const waiting = queue.slice(first);
        stop();
        for (const { piece } of waiting) line.forward(piece);
        return true;
      },
      stop,
    };
  };
}

function sizeOf(piece: Piece): number {
  return piece.kind === "data" ? piece.bytes.length : 0;
}
