// What tells one life of a sequence from another.

/** Gives text out of `0-9a-z`: different even for two processes that start in the same millisecond. */
export function newEpoch(): string {
  const random = crypto.getRandomValues(new Uint32Array(2))
  return Array.from(random, (part) => part.toString(36)).join('')
}
