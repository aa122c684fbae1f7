import type { Connection } from "./connection.ts";
import type { Direction, NetworkFault } from "./faults.ts";
import type { Flow } from "./flow.ts";
import { cutting, swallowing } from "./losing-stages.ts";
import { paced } from "./paced-stage.ts";
import { bandwidth, hold, latency, type Pacing, slice, slowClose } from "./pacing.ts";
import { seeded } from "./seeded.ts";
import type { MakeStage } from "./stage.ts";

/** Does to a connection what a fault says. The returned function lets go of it. */
export function strike(fault: NetworkFault, connection: Connection, random: () => number): () => void {
  switch (fault.kind) {
    case "latency":
      return pace(connection, fault.direction, () => latency(fault, seeded(random())));
    case "slice":
      return pace(connection, fault.direction, () => slice(fault, seeded(random())));
    case "bandwidth":
      return pace(connection, fault.direction, () => bandwidth(fault));
    case "hold":
      return pace(connection, fault.direction, hold);
    case "slowClose":
      return pace(connection, fault.direction, () => slowClose(fault));
    case "swallow": {
      const remove = insert(connection, fault.direction, () => swallowing());
      const cancel =
        fault.closeAfterMs === undefined ? () => {} : connection.later(fault.closeAfterMs, connection.close);
      return () => {
        if (remove()) cancel();
      };
    }
    case "loseResponse":
      return connection.downstream.insert(
        swallowing(() => {
          if (fault.resetAfterMs !== undefined) connection.later(fault.resetAfterMs, connection.abandonClient);
        }),
      );
    case "cut":
      return insert(connection, fault.direction, () => cutting(fault));
    case "reset":
      return connection.later(fault.afterMs, connection.reset);
  }
}

function pace(connection: Connection, direction: Direction | undefined, pacing: () => Pacing): () => boolean {
  return insert(connection, direction, () => paced(pacing()));
}

/** Each direction gets a stage of its own. The returned function answers whether all of them could be taken out. */
function insert(connection: Connection, direction: Direction | undefined, make: () => MakeStage): () => boolean {
  const flows: readonly Flow[] =
    direction === undefined ? [connection.upstream, connection.downstream] : [connection[direction]];
  const removals = flows.map((flow) => flow.insert(make()));
  return () => removals.map((remove) => remove()).every((isOut) => isOut);
}
