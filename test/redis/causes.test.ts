// Why an event was not taken, as whoever published it learns it.

import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { RedisLog } from '../../src/redis/redis-log.js'
import { CLIENTS } from './clients.js'
import { RedisServer } from './redis-server.js'

const KEEP = { maxEvents: 1_000, maxBytes: 1_048_576, maxAgeMs: Number.POSITIVE_INFINITY }
const hasRedis = inject('programs')['redis-server'] !== undefined

describe.skipIf(!hasRedis)('an event that Redis has not taken in time (Redis)', () => {
  let server: RedisServer
  let log: RedisLog

  beforeEach(async () => {
    server = await RedisServer.prepare()
  })
  afterEach(async () => {
    server.resume()
    await log.close()
    await server.stop()
  })

  const append = () => log.append('a', { data: '' }, KEEP)

  // It said that time was up and no more, whatever the client knew.
  test.each(Object.entries(CLIENTS))(
    'rejects with what %s says of its connection, and not with what has passed',
    async (_name, connect) => {
      log = new RedisLog(connect(server.port), { timeoutMs: 300 })
      await expect(append()).rejects.toMatchObject({
        code: 'ERR_SSE_LOG',
        message: expect.stringMatching(/ within 300 ms: the client has no connection$/),
        cause: expect.objectContaining({ message: expect.stringContaining('ECONNREFUSED') }),
      })

      await server.start()
      await expect.poll(() => append().catch(() => '')).not.toBe('')
      server.suspend()
      const { code, cause, message } = await append().then(
        () => expect.unreachable(),
        (error) => error,
      )
      expect([code, cause]).toEqual(['ERR_SSE_LOG', undefined])
      expect(message).toMatch(/ within 300 ms$/)
    },
  )
})
