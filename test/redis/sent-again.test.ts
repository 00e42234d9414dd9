// Events that are sent a second time, because the first answer was lost.

import type { Redis } from 'ioredis'
import { afterEach, expect, test } from 'vitest'
import type { HistoryLimits } from '../../src/index.js'
import { type RedisClient, RedisLog } from '../../src/redis/redis-log.js'
import { CLIENTS } from './clients.js'
import { describeWithRedis } from './redis-server.js'

type Run = (...args: unknown[]) => Promise<unknown>

const KEEP = { maxEvents: 10_000, maxBytes: 16_000_000, maxAgeMs: Number.POSITIVE_INFINITY }
const ALL = { maxRecords: 10_000, maxBytes: 16_000_000 }

describeWithRedis('events that are sent again', (server) => {
  const logs: RedisLog[] = []
  let prefixes = 0

  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()))
  })

  function open(client: RedisClient, prefix = `again${prefixes++}:`) {
    const log = new RedisLog(client, { prefix })
    logs.push(log)
    return log
  }

  const connect = (name: string) => (CLIENTS[name] as (typeof CLIENTS)[string])(server().port)

  /** A client that Redis hears, and whose answers are lost until told otherwise. */
  function losingAnswers() {
    const client = connect('ioredis') as Redis
    let isLosing = true
    const lose = async (answer: Promise<unknown>) => {
      const reply = await answer
      if (isLosing) throw new Error('Connection is closed.')
      return reply
    }
    const evalsha = client.evalsha.bind(client) as Run
    const run = client.eval.bind(client) as Run
    client.evalsha = (...args: unknown[]) => lose(evalsha(...args))
    client.eval = (...args: unknown[]) => lose(run(...args))
    return { client, find: () => (isLosing = false) }
  }

  async function appendAndLose(channels: readonly string[], limits: HistoryLimits = KEEP) {
    const { client, find } = losingAnswers()
    const log = open(client)
    const other = open(connect('ioredis'), `again${prefixes - 1}:`)
    const told = channels.map((channel, i) => {
      // Others publish meanwhile.
      if (i % 3 === 0) void other.append(channel, { data: 'other' }, limits)
      return log.append(channel, { data: `${i}` }, limits).catch(({ cause }) => String(cause))
    })
    const page = (channel: string) => other.since(channel, '', ALL)
    const appended = async () => {
      const pages = await Promise.all([...new Set(channels)].map(page))
      return pages.map(({ from, records }) => Number(from.split('-')[1]) + records.length)
    }
    const others = Math.ceil(channels.length / 3)
    const total = async () => (await appended()).reduce((sum, count) => sum + count)
    await expect.poll(total).toBe(channels.length + others)
    find()
    return { ids: await Promise.all(told), page }
  }

  test('have the ids of the first time, where channels take turns', async () => {
    const channels = Array.from({ length: 300 }, (_, i) =>
      i % 7 === 0 ? 'rare' : 'ab'[i % 2],
    ) as string[]
    const { ids, page } = await appendAndLose(channels)
    for (const channel of ['a', 'b', 'rare']) {
      const own = (await page(channel)).records.filter(({ data }) => data !== 'other')
      const sent = channels.flatMap((name, i) => (name === channel ? [i] : []))
      expect(own.map(({ data }) => Number(data))).toEqual(sent)
      expect(own.map(({ id }) => id)).toEqual(sent.map((i) => ids[i]))
    }
  })

  test('say that they came before where they are not kept any more, but for the last', async () => {
    const { ids } = await appendAndLose(Array(100).fill('a'), { ...KEEP, maxEvents: 0 })
    expect(ids.at(-1)).toMatch(/^\w+\.0-\d+$/)
    expect(new Set(ids.slice(0, 5))).toEqual(
      new Set([expect.stringContaining('SENTBEFORE the event was appended before')]),
    )
  })

  test.each(Object.keys(CLIENTS))(
    'are one each when the publisher is cut off in bursts on several channels, over %s',
    async (name) => {
      const log = open(connect(name))
      const outcomes: Promise<string>[] = []
      const channels = ['a', 'b', 'c']
      for (let round = 0; round < 8; round++) {
        for (let i = 0; i < 300; i++) {
          outcomes.push(log.append(channels[i % 3] as string, { data: `${round * 300 + i}` }, KEEP))
        }
        // Some answers are on their way.
        await outcomes[round * 300]
        await server().cut('normal')
      }
      const ids = await Promise.all(outcomes)
      for (const [nth, channel] of channels.entries()) {
        const { records } = await log.since(channel, '', ALL)
        const sent = ids.flatMap((id, i) => (i % 3 === nth ? [{ data: `${i}`, id }] : []))
        expect(records.map(({ data, id }) => ({ data, id }))).toEqual(sent)
      }
    },
  )
})
