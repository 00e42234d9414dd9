// What a RedisLog makes of its connections: opened, refused, given back, at any moment.

import { readFile } from 'node:fs/promises'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { createClient as createClient5 } from 'redis5'
import { afterEach, describe, expect, test } from 'vitest'
import type { LogFollower, LogRecord } from '../../src/index.js'
import { RedisLog } from '../../src/redis/redis-log.js'
import { CLIENTS } from './clients.js'
import { describeWithRedis, RedisServer } from './redis-server.js'

const KEEP = { maxEvents: 1_000, maxBytes: 1_048_576, maxAgeMs: Number.POSITIVE_INFINITY }

class Listener implements LogFollower {
  readonly records: LogRecord[] = []
  start(): void {}
  next(record: LogRecord): void {
    this.records.push(record)
  }
}

describeWithRedis('the connections of a RedisLog', (server) => {
  let redis: RedisServer | undefined
  const logs: RedisLog[] = []

  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()))
    await redis?.stop()
    redis = undefined
  })

  const connect = (name: string, port: number) => (CLIENTS[name] as (typeof CLIENTS)[string])(port)

  const MAKE = {
    'node-redis': createClient,
    'node-redis 5': createClient5 as unknown as typeof createClient,
  }
  describe.each(Object.entries(MAKE))('with %s', (_name, create) => {
    // What users saw: a process that did not end, because its log was closed before the client was connected.
    test('are gone when it is closed while its client is being connected', async () => {
      redis = await RedisServer.start()
      for (const wait of [() => {}, () => Promise.resolve(), () => new Promise(setImmediate)]) {
        const client = create({ socket: { host: '127.0.0.1', port: redis.port } })
        client.on('error', () => {})
        const connected = client.connect().catch(() => {})
        const log = new RedisLog(client, { prefix: 'early:' })
        await wait()
        log.follow('a', new Listener()).catch(() => {})
        await wait()
        await log.close()
        await connected
      }
      // The one that asks.
      await expect.poll(() => redis?.count('normal')).toBe(1)
      await expect.poll(() => redis?.count('pubsub')).toBe(0)
    })
  })

  describe.each(Object.keys(CLIENTS))('with %s', (name) => {
    test('are given up at the close where Redis does not answer any more', async () => {
      redis = await RedisServer.start()
      const log = new RedisLog(connect(name, redis.port))
      await log.append('a', { data: '1' }, KEEP)
      redis.suspend()
      await log.close()
      await expect(log.append('a', { data: '2' }, KEEP)).rejects.toMatchObject({
        code: 'ERR_SSE_CLOSED',
      })
    })

    test('hear of each channel that they may, whatever else is refused', async () => {
      redis = await RedisServer.start()
      await redis.command(
        ...'ACL SETUSER default resetchannels &rights:*echo* &rights:*open*'.split(' '),
      )
      const log = new RedisLog(connect(name, redis.port), { prefix: 'rights:' })
      logs.push(log)
      const listeners = Array.from({ length: 4 }, () => new Listener())
      const follows = listeners.map((listener, i) =>
        log.follow(`${i % 2 ? 'open' : 'shut'}${i}`, listener),
      )
      const settled = await Promise.allSettled(follows)
      expect(settled.map(({ status }) => status)).toEqual([
        'rejected',
        'fulfilled',
        'rejected',
        'fulfilled',
      ])
      await Promise.all([1, 3].map((i) => log.append(`open${i}`, { data: `${i}` }, KEEP)))
      await expect.poll(() => listeners.map(({ records }) => records.length)).toEqual([0, 1, 0, 1])
    })

    test('are asked for anew when the right to listen was away for a while, and nothing is lost', async () => {
      redis = await RedisServer.start()
      const log = new RedisLog(connect(name, redis.port), { prefix: 'away:' })
      logs.push(log)
      const listener = new Listener()
      await log.follow('a', listener)
      // What users saw: ioredis subscribes again by itself, is refused, and nobody handles that.
      const withdraw = 'ACL SETUSER default -subscribe'
      await redis.command(...withdraw.split(' '))
      await redis.cut('pubsub')
      await log.append('a', { data: '1' }, KEEP)
      await expect.poll(() => redis?.command('ACL', 'LOG', '1')).not.toBe('*0')
      await redis.command(...'ACL SETUSER default +subscribe'.split(' '))
      await expect.poll(() => listener.records.length, { timeout: 10_000 }).toBe(1)
    }, 60_000)
  })

  // What users saw: silence, from more than 120,000 channels on, for a call takes no more arguments.
  test('name no more than a thousand topics in one command', async () => {
    const log = new RedisLog(connect('ioredis', server().port), { prefix: 'many:' })
    logs.push(log)
    const names = Array.from({ length: 2_500 }, (_, i) => `${i}`)
    const listener = new Listener()
    await server().command('CONFIG', 'RESETSTAT')
    const unfollows = await Promise.all(names.map((name) => log.follow(name, listener)))
    await Promise.all(names.map((data) => log.append(data, { data }, KEEP)))
    await expect.poll(() => listener.records.length).toBe(2_500)
    await Promise.all(unfollows.slice(1).map((unfollow) => unfollow()))
    const topics = () => server().command('PUBSUB', 'CHANNELS', 'many:{*')
    await expect.poll(topics).toMatch(/^\*1\r/)
    const stats = await server().command('INFO', 'commandstats')
    const callsOf = (name: string) =>
      Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1])
    expect([callsOf('subscribe') >= 3, callsOf('unsubscribe') >= 3]).toEqual([true, true])
    // Each channel's state is asked for once it is listened to, without its history.
    expect(callsOf('xrange')).toBeNaN()
  })

  test.each(Object.keys(CLIENTS))(
    'need no other rights than docs/redis.md lists, over %s',
    async (name) => {
      const page = await readFile(new URL('../../docs/redis.md', import.meta.url), 'utf8')
      // A prefix of the client's own comes before all names.
      const keyPrefix = name === 'ioredis' ? 'app:' : ''
      const listed = page.match(/[+~&][a-z:*]+/g) ?? []
      const rights = listed.map((right) => right.replace('eventwire:', `${keyPrefix}eventwire:`))
      expect(rights).toContain('+subscribe')
      redis = await RedisServer.start()
      await redis.command('ACL', 'SETUSER', 'limited', 'on', '>secret', ...rights)
      const login = { username: 'limited', password: 'secret' }
      const client =
        name === 'ioredis'
          ? new Redis({ port: redis.port, keyPrefix, ...login })
          : createClient({ socket: { port: redis.port }, ...login })
      if ('isOpen' in client) await client.connect()
      const log = new RedisLog(client)
      logs.push(log)
      const listener = new Listener()
      const unfollow = await log.follow('a', listener)
      const [id] = await Promise.all(['1', '2'].map((data) => log.append('a', { data }, KEEP)))
      await expect.poll(() => listener.records.length).toBe(2)
      // What is rare: an end of the history, many senders, a history of the server that has ended.
      await log.append('a', { data: 'x'.repeat(20_000) }, { ...KEEP, maxEvents: 1 })
      const meta = `${keyPrefix}eventwire:{channel:a}:meta`
      const gone = Array.from({ length: 200 }, (_, i) => [`by:gone${i}`, `1 ${i} 0`]).flat()
      await redis.command('HSET', meta, 'kept', '0', 'run', 'before', ...gone)
      await log.append('a', { data: '4' }, KEEP)
      expect((await log.since('a', id as string, { maxRecords: 9, maxBytes: 9 })).complete).toBe(
        false,
      )
      await redis.command('DEL', `${keyPrefix}eventwire:{channel:a}:events`)
      await log.append('a', { data: '5' }, KEEP)
      await unfollow()
      expect(await redis.command('ACL', 'LOG')).toBe('*0')
    },
  )

  test('know channels by names that are no text in UTF-8', async () => {
    const log = new RedisLog(connect('ioredis', server().port), { prefix: 'halves:' })
    logs.push(log)
    const [one, other] = [new Listener(), new Listener()]
    await Promise.all([log.follow('\ud800', one), log.follow('\udc00', other)])
    await log.append('\ud800', { data: 'one' }, KEEP)
    await log.append('\udc00', { data: 'other' }, KEEP)
    await expect
      .poll(() => [one, other].map(({ records }) => records.map(({ data }) => data)))
      .toEqual([['one'], ['other']])
  })
})
