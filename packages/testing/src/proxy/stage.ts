/** What flows in one direction of a connection. */
export type Piece =
  | { readonly kind: "data"; readonly bytes: Buffer }
  /** The sender has ended its side (FIN). */
  | { readonly kind: "end" }
  /** The connection is to be closed, or reset, when what came before has been passed on. */
  | { readonly kind: "close" }
  | { readonly kind: "reset" };

/** What one fault does in one direction of one connection. */
export interface Stage {
  readonly take: (piece: Piece) => void;
  /** Lets everything pass, first what waits. False: bytes are missing already, and the stage must stay. */
  readonly release: () => boolean;
  /** The connection is over: no timer may be left. */
  readonly stop: () => void;
}

/** Where a stage leaves what it has taken: each piece is passed on or lost, whole or in parts, in order. */
export interface Line {
  readonly forward: (piece: Piece) => void;
  readonly lose: (piece: Piece) => void;
}

export type MakeStage = (line: Line) => Stage;
