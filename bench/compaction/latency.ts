/**
 * The latency in ms that a percentage of the requests did not exceed, from what redis-benchmark (7.0) prints without
 * `--csv`: lines such as `99.902% <= 3.103 milliseconds (cumulative count 99902)`, of which the first at or above it counts.
 * @throws Error when there is no such line
 */
export function latencyAt(output: string, percent: number): number {
  for (const [, percentile, latency] of output.matchAll(/^\s*(\d+\.\d+)% <= (\d+\.\d+) milliseconds/gm)) {
    if (Number(percentile) >= percent) return Number(latency)
  }
  throw new Error(`redis-benchmark printed no latency at ${percent} %`)
}
