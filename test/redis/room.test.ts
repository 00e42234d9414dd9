// What a RedisLog costs the server, and what it does where that has no room.

import { afterEach, expect, test } from 'vitest'
import { RedisLog } from '../../src/redis/redis-log.js'
import { CLIENTS } from './clients.js'
import { describeWithRedis, RedisServer } from './redis-server.js'

const KEEP = { maxEvents: 1_000, maxBytes: 1_048_576, maxAgeMs: Number.POSITIVE_INFINITY }
const ALL = { maxRecords: 1_000, maxBytes: 100_000_000 }
const META = 'room:{channel:a}:meta'

describeWithRedis('the room that a RedisLog takes', (server) => {
  const logs: RedisLog[] = []

  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()))
    await server().command('FLUSHALL')
  })

  function open(port = server().port, idleMs = 86_400_000) {
    const connect = CLIENTS.ioredis as (typeof CLIENTS)[string]
    const log = new RedisLog(connect(port), { prefix: 'room:', idleMs })
    logs.push(log)
    return log
  }

  async function callsOf(command: string) {
    const stats = await server().command('INFO', 'commandstats')
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
  }

  /** Puts senders into the channel's state that were heard so long ago. */
  async function remember(senders: number, agoMs: number) {
    const heard = Date.now() - agoMs
    const fields = Array.from({ length: senders }, (_, i) => [`by:gone${i}`, `1 ${i} ${heard}`])
    await server().command('HSET', META, ...fields.flat())
  }

  test('lets clients resume and come where a server takes nothing more in', async () => {
    const redis = await RedisServer.start()
    try {
      const log = open(redis.port)
      const ids = await Promise.all(['1', '2'].map((data) => log.append('a', { data }, KEEP)))
      await redis.command('CONFIG', 'SET', 'maxmemory', '1')
      await expect(log.append('a', { data: '3' }, KEEP)).rejects.toMatchObject({
        code: 'ERR_SSE_LOG',
        cause: expect.objectContaining({ message: expect.stringMatching(/^OOM /) }),
      })
      const page = await log.since('a', ids[0] as string, ALL)
      expect([page.complete, page.records.map(({ data }) => data)]).toEqual([true, ['2']])
      const starts: string[] = []
      await log.follow('a', { start: (position) => starts.push(position), next: () => {} })
      expect(starts).toEqual([ids[1]])
    } finally {
      await Promise.all(logs.splice(0).map((log) => log.close()))
      await redis.stop()
    }
  })

  test('writes nothing when it is asked for what is there', async () => {
    const log = open()
    const id = await log.append('a', { data: '1' }, KEEP)
    const writes = async () =>
      /master_repl_offset:(\d+)/.exec(await server().command('INFO', 'replication'))?.[1]
    const changes = async () =>
      /rdb_changes_since_last_save:(\d+)/.exec(await server().command('INFO', 'persistence'))?.[1]
    const before = [await writes(), await changes()]
    for (let i = 0; i < 5; i++) await log.since('a', id, ALL)
    expect([await writes(), await changes()]).toEqual(before)
  })

  test('expires where a client came before the first event', async () => {
    const log = open(server().port, 60_000)
    await log.since('a', '', ALL)
    await log.append('a', { data: '1' }, KEEP)
    for (const key of [META, META.replace('meta', 'events')]) {
      const [, ms] = /(-?\d+)/.exec(await server().command('PTTL', key)) ?? []
      expect(Number(ms)).toBeGreaterThan(50_000)
    }
  })

  test('begins anew where part of its state is lost', async () => {
    const log = open()
    const id = await log.append('a', { data: '1' }, KEEP)
    await server().command('HDEL', META, 'state')
    await log.append('a', { data: '2' }, KEEP)
    expect((await log.since('a', id, ALL)).complete).toBe(false)
  })

  // What was seen: with 50,000 processes that had published that day, the first event of each further one took 50 ms.
  test('does not look through all who have ever published at the first event of each', async () => {
    await open().append('a', { data: '1' }, KEEP)
    await remember(1_000, 1_000)
    await server().command('CONFIG', 'RESETSTAT')
    for (let i = 0; i < 5; i++) await open().append('a', { data: '1' }, KEEP)
    expect(await callsOf('hgetall')).toBe(0)
  })

  test('forgets who has not published for an hour', async () => {
    await open().append('a', { data: '1' }, KEEP)
    await remember(1_000, 3_700_000)
    await remember(100, 1_000)
    // The time has come to look.
    await server().command('HSET', META, 'kept', '0')
    const count = async () => Number((await server().command('HLEN', META)).slice(1))
    expect(await count()).toBeGreaterThan(1_000)
    const log = open()
    const id = await log.append('a', { data: '2' }, KEEP)
    expect(await count()).toBeLessThan(150)
    expect((await log.since('a', id, ALL)).complete).toBe(true)
  })

  test('evicts large events one by one, and gives them a few at a time', async () => {
    const log = open()
    const limits = { ...KEEP, maxBytes: 10_500_000 }
    const ids: string[] = []
    for (let i = 0; i < 14; i++)
      ids.push(await log.append('a', { data: `${i}`.padEnd(1_000_000) }, limits))
    const seen: number[] = []
    for (let id = ids[3] as string, more = true; more; ) {
      const page = await log.since('a', id, { maxRecords: 256, maxBytes: 262_144 })
      expect([page.complete, page.records.length]).toEqual([true, 1])
      seen.push(...page.records.map(({ data }) => Number(data)))
      id = page.records[0]?.id as string
      more = page.more
    }
    expect(seen).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    expect((await log.since('a', ids[2] as string, ALL)).complete).toBe(false)
  })
})
