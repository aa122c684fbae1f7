import type { Fault } from "./options.ts";

/**
 * A fault for the first `times` requests that `when` picks (left out: all), for `faults.before`, `after` or `api`: such as
 * `failing(2, { status: 503, headers: { "retry-after": "1" } }, ({ url }) => url.pathname === "/revoke")`.
 */
export function failing<R>(
  times: number,
  fault: Fault,
  when: (request: R) => boolean = () => true,
): (request: R) => Fault | undefined {
  let left = times;
  return (request) => {
    if (left === 0 || !when(request)) return undefined;
    left--;
    return fault;
  };
}
