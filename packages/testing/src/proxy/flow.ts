import type { Socket } from "node:net";
import type { MakeStage, Piece, Stage } from "./stage.ts";

/**
 * How many bytes one direction of a connection holds, in its stages and in what the receiver has not yet taken, before it
 * reads no more. One read of 64 KiB may go beyond.
 */
const highWaterBytes = 256 * 1024;
const lowWaterBytes = highWaterBytes / 2;

/** One direction of a connection: what is read from one socket passes through stages and is written to the other. */
export interface Flow {
  /** Puts a stage behind those that are there. The function takes it out again; false: it must stay. */
  readonly insert: (make: MakeStage) => () => boolean;
  /** Calls `act` once all that the sender has sent is passed on or lost. */
  readonly whenDelivered: (act: () => void) => void;
  /** Goes on as if the sender had ended its side. */
  readonly end: () => void;
  /** Passes on no more; what still comes is read and lost. */
  readonly stop: () => void;
}

export interface FlowEvents {
  /** Before data are passed on. */
  readonly read: (bytes: Buffer) => void;
  /** The end was passed on, or lost. */
  readonly ended: () => void;
  readonly close: () => void;
  readonly reset: () => void;
}

export function createFlow(from: Socket, to: Socket, events: FlowEvents): Flow {
  const stages: Stage[] = [];
  let received = 0;
  let held = 0;
  let unwritten = 0;
  let last: Exclude<Piece["kind"], "data"> | undefined;
  let hasEnded = false;
  let isStopped = false;
  let onDelivered: (() => void) | undefined;

  from.on("data", (bytes: Buffer) => {
    if (isStopped) return;
    received += bytes.length;
    held += bytes.length;
    if (held >= highWaterBytes) from.pause();
    events.read(bytes);
    pass({ kind: "data", bytes }, 0);
  });
  from.on("end", end);

  function end(): void {
    if (hasEnded) return;
    hasEnded = true;
    pass({ kind: "end" }, 0);
  }

  function pass(piece: Piece, position: number): void {
    if (isStopped) return;
    const stage = stages[position];
    if (stage === undefined) deliver(piece);
    else stage.take(piece);
  }

  function deliver(piece: Piece): void {
    if (last !== undefined) lose(piece);
    else if (piece.kind === "data") write(piece.bytes);
    else {
      last = piece.kind;
      finish();
    }
  }

  function write(bytes: Buffer): void {
    unwritten += bytes.length;
    // Called with an error where the receiver takes no more: the bytes are let go of all the same.
    to.write(bytes, () => {
      unwritten -= bytes.length;
      letGo(bytes.length);
      finish();
    });
  }

  /** A reset throws away what is not yet written, so all of it is written first. */
  function finish(): void {
    if (isStopped || last === undefined || unwritten > 0) return;
    if (last === "end") {
      to.end();
      events.ended();
    } else events[last]();
  }

  function lose(piece: Piece): void {
    if (piece.kind === "data") letGo(piece.bytes.length);
    else if (piece.kind === "end") events.ended();
  }

  function letGo(count: number): void {
    held -= count;
    if (held <= lowWaterBytes && from.isPaused()) from.resume();
    if (held === 0) onDelivered?.();
  }

  function whenDelivered(act: () => void): void {
    const before = received;
    // More may wait in the socket. The second turn begins after the event loop has looked there.
    setImmediate(() =>
      setImmediate(() => {
        if (isStopped) return;
        if (held > 0) {
          onDelivered = () => {
            onDelivered = undefined;
            whenDelivered(act);
          };
        } else if (received > before) whenDelivered(act);
        else act();
      }),
    );
  }

  return {
    insert: (make) => {
      const stage: Stage = make({ forward: (piece) => pass(piece, stages.indexOf(stage) + 1), lose });
      stages.push(stage);
      return () => {
        if (!stages.includes(stage)) return true;
        if (!stage.release()) return false;
        stages.splice(stages.indexOf(stage), 1);
        return true;
      };
    },
    whenDelivered,
    end,
    stop: () => {
      isStopped = true;
      for (const stage of stages.splice(0)) stage.stop();
      from.resume();
    },
  };
}
