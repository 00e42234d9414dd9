// What a `RedisLog` can be told, with the defaults.

import { integer, known, MAX_DELAY_MS, wrongType } from '../misuse.js'

/** How a `RedisLog` behaves. Every option can be left out. */
export interface RedisLogOptions {
  /**
   * What the names of its keys and messages begin with: text without braces. Applications that share a server need
   * different ones, in different databases, too: messages know no databases.
   *
   * @defaultValue `'eventwire:'`
   */
  prefix?: string | undefined
  /**
   * How long `append` waits for Redis, in milliseconds: an integer from 1 to 2147483647. Then it rejects.
   *
   * @defaultValue `5_000`
   */
  timeoutMs?: number | undefined
  /**
   * After how many milliseconds the keys of a channel expire that nobody publishes to, follows or asks: an integer
   * from 1_000 to 2147483647. Clients that come back later than that are told of a gap.
   *
   * @defaultValue `86_400_000`, a day
   */
  idleMs?: number | undefined
}

const REDIS_OPTIONS: readonly (keyof RedisLogOptions)[] = ['prefix', 'timeoutMs', 'idleMs']

const DAY_MS = 86_400_000

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {TypeError} when one has the wrong type.
 * @throws {RangeError} when a number is out of its range.
 */
export function resolveRedisLogOptions(options: RedisLogOptions) {
  const {
    prefix = 'eventwire:',
    timeoutMs = 5_000,
    idleMs = DAY_MS,
  } = known(options, REDIS_OPTIONS)
  // Braces of its own would decide which part of a key a cluster hashes.
  if (typeof prefix !== 'string' || /[{}]/.test(prefix) || !prefix.isWellFormed()) {
    throw wrongType('`prefix`', 'well-formed text without braces', prefix)
  }
  return {
    prefix,
    timeoutMs: integer('`timeoutMs`', timeoutMs, 1, MAX_DELAY_MS),
    idleMs: integer('`idleMs`', idleMs, 1_000, MAX_DELAY_MS),
  }
}
