// How a client can be told to come back, with the defaults.

import type { BackoffOptions } from './backoff.js'
import { integer, known, MAX_DELAY_MS } from './misuse.js'

/** How a connection comes back. Every option can be left out. */
export interface ReconnectOptions {
  /**
   * The first wait, in milliseconds: 1 to 2147483647. The n-th in a row is random between half and all of
   * `baseMs * 2 ** (n - 1)`. A server's `retry` takes its place, up to `maxMs`: waits are then never shorter than it, the
   * first between it and 1.5 times it.
   *
   * @defaultValue `1_000`
   */
  baseMs?: number | undefined
  /**
   * What waits grow up to, in milliseconds: 1 to 2147483647. A connection that was open for as long has been well: the
   * next wait is a first one, as it is after an event.
   *
   * @defaultValue `30_000`
   */
  maxMs?: number | undefined
  /**
   * After how many failures in a row it gives up, with `ERR_SSE_GAVE_UP`: an integer >= 1. An event, or a connection that
   * is open for `maxMs`, ends the row.
   *
   * @defaultValue none
   */
  maxAttempts?: number | undefined
  /**
   * For how long attempts are made while none succeeds, in milliseconds: an integer >= 1. Then a request that is not
   * answered is given up, and no wait goes beyond: it gives up, with `ERR_SSE_GAVE_UP`.
   *
   * @defaultValue none
   */
  maxTotalMs?: number | undefined
}

const RECONNECT_OPTIONS: readonly (keyof ReconnectOptions)[] = [
  'baseMs',
  'maxMs',
  'maxAttempts',
  'maxTotalMs',
]

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {TypeError} when one has the wrong type.
 * @throws {RangeError} when a number is out of its range.
 */
export function resolveReconnectOptions(options: ReconnectOptions): BackoffOptions {
  const {
    baseMs = 1_000,
    maxMs = 30_000,
    maxAttempts,
    maxTotalMs,
  } = known(options, RECONNECT_OPTIONS, '`reconnect`')
  return {
    baseMs: integer('`baseMs`', baseMs, 1, MAX_DELAY_MS),
    maxMs: integer('`maxMs`', maxMs, 1, MAX_DELAY_MS),
    maxAttempts: limit('`maxAttempts`', maxAttempts),
    maxTotalMs: limit('`maxTotalMs`', maxTotalMs),
  }
}

const limit = (name: string, value: number | undefined): number =>
  value === undefined ? Number.POSITIVE_INFINITY : integer(name, value, 1)
