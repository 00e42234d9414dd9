// How often each property is tried, and from which seed.

/** `npm run fuzz` tries each so many times as often as `npm test`. */
const times = Number(process.env.EVENTWIRE_FUZZ_TIMES ?? 1)
const seed = process.env.EVENTWIRE_FUZZ_SEED

/** Parameters for `fc.assert`: a failure prints its seed, which the environment can set again. */
export function runs(numRuns: number) {
  return { numRuns: numRuns * times, ...(seed !== undefined && { seed: Number(seed) }) }
}

/** What a test of properties may take, in milliseconds: a hang is a failure, not a wait. */
export const patience = { timeout: 60_000 * Math.max(1, times) }
