// When a server that refuses says to come again.

/**
 * Gives the wait that a `Retry-After` header asks for, in milliseconds; 0 if there is none that can be read.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3}
 */
export function retryAfterMs(value: string | null, nowMs: number): number {
  if (value === null) return 0
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs
  return Math.max(0, ms || 0)
}
