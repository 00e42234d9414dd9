// Redis is another's replica for a while, or a replica takes its place: nothing that is lost thereby passes for kept.

import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SseChannel } from '../../src/index.js'
import { RedisLog } from '../../src/redis/redis-log.js'
import { FakeClient } from '../fake-client.js'
import { CLIENTS } from './clients.js'
import { describeWithRedis, RedisServer } from './redis-server.js'

const KEEP = { maxEvents: 1_000, maxBytes: 1_048_576, maxAgeMs: Number.POSITIVE_INFINITY }
const ALL = { maxRecords: 1_000, maxBytes: 1_000_000 }

describeWithRedis('a server and its replica', () => {
  let one: RedisServer
  let other: RedisServer
  const logs: RedisLog[] = []

  beforeEach(async () => {
    // A server waits for others that may want to follow it, too, unless it is told not to.
    const args = ['--repl-diskless-sync-delay', '0']
    one = await RedisServer.start(args)
    other = await RedisServer.start(args)
  })
  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()))
    await one.stop()
    await other.stop()
  })

  function open({ port }: RedisServer, client = 'ioredis') {
    const log = new RedisLog((CLIENTS[client] as (typeof CLIENTS)[string])(port))
    logs.push(log)
    return log
  }

  async function follow(replica: RedisServer, { port }: RedisServer) {
    await replica.command('REPLICAOF', '127.0.0.1', `${port}`)
    const state = () => replica.command('INFO', 'replication')
    await expect.poll(state, { timeout: 15_000 }).toMatch(/master_link_status:up/)
  }

  const append = (log: RedisLog, texts: readonly string[]) =>
    Promise.all(texts.map((data) => log.append('a', { data }, KEEP)))

  // The process was the one that had added last, before and after: ids of what it had lost passed for those of what came instead.
  test('take turns, and the first has lost what the second had not got', async () => {
    const log = open(one)
    const [first] = await append(log, ['1', '2'])
    await follow(other, one)
    await expect.poll(() => other.command('EXISTS', 'eventwire:{channel:a}:events')).toBe(':1')
    await other.command('REPLICAOF', 'NO', 'ONE')
    const lost = await append(log, ['3', '4'])
    await follow(one, other)
    await one.command('REPLICAOF', 'NO', 'ONE')

    const anew = await append(log, ['drei', 'vier', 'fünf'])
    expect(anew.filter((id) => lost.includes(id))).toEqual([])
    for (const id of lost) {
      expect((await log.since('a', id, ALL)).complete).toBe(false)
    }
    const page = await log.since('a', first as string, ALL)
    expect([page.complete, page.records.map(({ data }) => data)]).toEqual([
      true,
      ['2', 'drei', 'vier', 'fünf'],
    ])
  })

  // Each loss is a term of its own, also where both go on from the same record.
  test('come back twice, the second time without what was added since the first', async () => {
    const log = open(one, 'node-redis')
    await append(log, ['1', '2'])
    const files = join(one.folder, 'appendonlydir')
    await cp(files, `${files}-before`, { recursive: true })
    await one.kill()
    await one.start()
    const lost = await append(log, ['3', '4'])
    await one.kill()
    await cp(`${files}-before`, files, { recursive: true })
    await one.start()
    // The new term is known whole or not at all, whatever becomes of the first event in it.
    await one.command('ACL', 'SETUSER', 'default', '-xadd')
    await expect(append(log, ['refused'])).rejects.toMatchObject({ code: 'ERR_SSE_LOG' })
    await one.command('ACL', 'SETUSER', 'default', '+xadd')
    const anew = await append(log, ['drei', 'vier', 'fünf'])
    expect(anew.filter((id) => lost.includes(id))).toEqual([])
    for (const id of lost) {
      expect((await log.since('a', id, ALL)).complete).toBe(false)
    }
    expect(log.compare(lost[1] as string, anew[0] as string)).toBeLessThan(0)
  })

  test.each(Object.keys(CLIENTS))(
    'tell those who are connected of the gap, and then of all that is kept (%s)',
    async (name) => {
      const channel = new SseChannel({ name: 'a', log: open(one, name) })
      const publish = (texts: readonly string[]) =>
        Promise.all(texts.map((data) => channel.publish({ data })))
      const there = new FakeClient()
      await channel.subscribe(there.stream)
      await publish(['1', '2'])
      const files = join(one.folder, 'appendonlydir')
      await cp(files, `${files}-before`, { recursive: true })
      const lost = await publish(['3', '4'])
      await expect.poll(() => there.data).toEqual(['1', '2', '3', '4'])
      await one.kill()
      await cp(`${files}-before`, files, { recursive: true })
      await one.start()
      await publish(['drei', 'vier', 'fünf'])
      const gap = JSON.stringify({ lastEventId: lost[1] })
      await expect
        .poll(() => there.data)
        .toEqual(['1', '2', '3', '4', gap, '1', '2', 'drei', 'vier', 'fünf'])
    },
  )
})
