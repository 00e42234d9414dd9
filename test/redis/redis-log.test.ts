// What RedisLog promises beyond the contract of all logs.

import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { LogFollower, LogRecord } from '../../src/index.js'
import { RedisLog, type RedisLogOptions } from '../../src/redis/redis-log.js'
import { CLIENTS } from './clients.js'
import { describeWithRedis, RedisServer } from './redis-server.js'

const KEEP = { maxEvents: 1_000, maxBytes: 1_048_576, maxAgeMs: Number.POSITIVE_INFINITY }
const ALL = { maxRecords: 1_000, maxBytes: 1_000_000 }

const dataOf = (records: readonly LogRecord[]) => records.map(({ data }) => data)

class Listener implements LogFollower {
  readonly starts: string[] = []
  readonly records: LogRecord[] = []

  start(position: string): void {
    this.starts.push(position)
  }

  next(record: LogRecord): void {
    this.records.push(record)
  }
}

describeWithRedis('RedisLog', (server) => {
  const logs: RedisLog[] = []
  let prefixes = 0

  const open = (options: RedisLogOptions = {}, client = 'ioredis', port = server().port) => {
    const connect = CLIENTS[client] as (typeof CLIENTS)[string]
    const log = new RedisLog(connect(port), { prefix: `log${prefixes++}:`, ...options })
    logs.push(log)
    return log
  }

  async function append(log: RedisLog, data: readonly string[], limits = {}) {
    const ids = await Promise.all(
      data.map((text) => log.append('a', { data: text }, { ...KEEP, ...limits })),
    )
    return ids as [string, ...string[]]
  }

  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()))
  })

  test.each(Object.keys(CLIENTS))(
    'gives two logs one history, over %s and another',
    async (name) => {
      const one = open({ prefix: 'shared:' }, name)
      const other = open({ prefix: 'shared:' }, 'ioredis')
      const ids = await append(one, ['1', '2'])
      expect(dataOf((await other.since('a', ids[0], ALL)).records)).toEqual(['2'])
      await server().command('FLUSHALL')
    },
  )

  // With the nodes' clocks in their names, a subscriber could wait for good for an epoch that had gone.
  test('gives later epochs later names, whatever the clocks of the nodes say', async () => {
    const [ahead, behind] = [open({ prefix: 'clocks:' }), open({ prefix: 'clocks:' })]
    const now = vi.spyOn(Date, 'now')
    now.mockReturnValue(1_900_000_000_000)
    const [earlier] = await append(ahead, ['1'])
    await server().command('FLUSHALL')
    now.mockReturnValue(1_700_000_000_000)
    const [later] = await append(behind, ['2'])
    now.mockRestore()
    expect(behind.compare(earlier, later)).toBeLessThan(0)
  })

  test('keeps logs of different prefixes apart, the messages too', async () => {
    const [one, other] = [open({ prefix: 'one:' }), open({ prefix: 'other:' })]
    const listener = new Listener()
    await one.follow('a', listener)
    await append(other, ['other'])
    await append(one, ['one'])
    await expect.poll(() => dataOf(listener.records)).toEqual(['one'])
  })

  test('puts all keys of a channel into one slot of a cluster, whatever its name', async () => {
    const log = open({ prefix: 'slots:' })
    for (const name of ['', 'a', '}', '{', '{}', 'a}b{c', 'é']) {
      await log.append(name, { data: '' }, KEEP)
      const keys = await server().command(
        'KEYS',
        `slots:*{channel:${name.replace(/[\\[\]*?]/g, '?')}}:*`,
      )
      const names = [...keys.matchAll(/^slots:.*$/gm)].map(([key]) => key.trim())
      expect(names.length).toBeGreaterThanOrEqual(2)
      const slots = await Promise.all(names.map((key) => slotOf(key)))
      expect(new Set(slots).size).toBe(1)
    }
  })

  test('lets the keys of a channel expire that nobody uses, and says that there is a gap', async () => {
    const log = open({ prefix: 'idle:', idleMs: 1_000 })
    const [id] = await append(log, ['1'])
    expect((await log.since('a', id, ALL)).complete).toBe(true)
    await expect.poll(() => server().command('KEYS', 'idle:*')).toBe('*0')
    expect((await log.since('a', id, ALL)).complete).toBe(false)
  })

  test('keeps the keys of a channel that is followed', async () => {
    const log = open({ prefix: 'followed:', idleMs: 1_000 })
    const [id] = await append(log, ['1'])
    const listener = new Listener()
    await log.follow('a', listener)
    const start = performance.now()
    await expect.poll(() => performance.now() - start > 2_500).toBe(true)
    await append(log, ['2'])
    expect(dataOf((await log.since('a', id, ALL)).records)).toEqual(['2'])
    expect(listener.starts).toEqual([id])
  })

  test('forgets what is older than it may be, also when nothing is appended any more', async () => {
    const log = open()
    const [first, second] = await append(log, ['1', '2'], { maxAgeMs: 150 })
    expect((await log.since('a', first, ALL)).complete).toBe(true)
    await expect.poll(async () => (await log.since('a', first, ALL)).complete).toBe(false)
    expect(await log.since('a', first, ALL)).toMatchObject({ records: [], from: second })
    expect((await log.since('a', second as string, ALL)).complete).toBe(true)
  })

  test('is not disturbed by what others send on its topics, or put into its stream', async () => {
    const log = open({ prefix: 'foreign:' })
    const listener = new Listener()
    await log.follow('a', listener)
    const topic = 'foreign:{channel:a}:events'
    for (const message of ['', 'x', '{}', 'e.0-1 {"data":"forged"}', 'e.0-1 {']) {
      await server().command('PUBLISH', topic, message)
    }
    await append(log, ['1', '2'])
    await expect.poll(() => dataOf(listener.records)).toEqual(['1', '2'])
    expect(listener.starts).toHaveLength(1)
  })

  test('rejects what Redis refuses, at once, and goes on', async () => {
    const log = open({ prefix: 'refused:' })
    await append(log, ['0'])
    await server().command('SET', 'refused:{channel:a}:events', 'not a stream')
    await expect(append(log, ['1'])).rejects.toMatchObject({
      code: 'ERR_SSE_LOG',
      cause: expect.objectContaining({ message: expect.stringMatching(/WRONGTYPE/) }),
    })
    const asked = { ...ALL, maxRecords: 1 }
    await expect(log.since('a', '', asked)).rejects.toThrow(/WRONGTYPE/)
    await server().command('DEL', 'refused:{channel:a}:events')
    await append(log, ['1'])
  })

  test.each(Object.keys(CLIENTS))(
    'rejects everything once it is closed, and leaves no listener on %s',
    async (name) => {
      const client = (CLIENTS[name] as (typeof CLIENTS)[string])(server().port) as unknown as Redis
      const count = () => client.listenerCount('ready')
      const before = count()
      const log = new RedisLog(client, { prefix: 'closed:' })
      await append(log, ['1'])
      for (let i = 0; i < 20; i++) await (await log.follow(`${i}`, new Listener()))()
      expect(count()).toBe(before + 1)
      const unanswered = [
        append(log, ['2']),
        log.follow('b', new Listener()).then(() => 'began'),
      ].map((promise) => promise.catch(({ code }) => code))
      await Promise.all([log.close(), log.close()])
      expect(['ERR_SSE_CLOSED', 'began']).toContain(await unanswered[1])
      expect(await unanswered[0]).toHaveLength(1)
      for (const call of [
        append(log, ['3']),
        log.since('a', '', ALL),
        log.follow('a', new Listener()),
      ]) {
        await expect(call).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
      }
      await expect
        .poll(() => (client as { isOpen?: boolean }).isOpen ?? client.status !== 'end')
        .toBe(false)
    },
  )

  test('loads its script into a server that has forgotten it, and keeps the order', async () => {
    const log = open()
    await append(log, ['0'])
    const listener = new Listener()
    await log.follow('a', listener)
    const numbers: string[] = []
    for (let round = 0; round < 20; round++) {
      const batch = Array.from({ length: 50 }, (_, i) => `${round * 50 + i}`)
      numbers.push(...batch)
      const appended = append(log, batch)
      await server().command('SCRIPT', 'FLUSH')
      await appended
    }
    await expect.poll(() => dataOf(listener.records)).toEqual(numbers)
  })

  test('hears again when its subscriber is dead and does not know it', async () => {
    // A client whose copies can be made deaf: what they receive is thrown away, and nothing is closed.
    const client = (CLIENTS.ioredis as (typeof CLIENTS)[string])(server().port) as unknown as Redis
    const copies: Redis[] = []
    const duplicate = client.duplicate.bind(client)
    client.duplicate = () => {
      const copy = duplicate()
      copies.push(copy)
      return copy
    }
    const log = new RedisLog(client, { prefix: 'deaf:' })
    logs.push(log)
    const listener = new Listener()
    await log.follow('a', listener)
    ;(copies[0] as unknown as { stream: { pause(): void } }).stream.pause()
    await append(log, ['1', '2'])
    await expect.poll(() => dataOf(listener.records), { timeout: 25_000 }).toEqual(['1', '2'])
    expect(copies).toHaveLength(2)
  }, 60_000)

  describe('a server that comes back without its newest records', () => {
    test('does not take a number for one that it has given anew', async () => {
      const redis = await RedisServer.start()
      try {
        const log = open({}, 'ioredis', redis.port)
        const kept = await append(log, ['1', '2', '3'])
        const files = join(redis.folder, 'appendonlydir')
        await cp(files, `${files}-before`, { recursive: true })
        const lost = await append(log, ['4', '5'])
        const listener = new Listener()
        await log.follow('a', listener)
        await redis.kill()
        await cp(`${files}-before`, files, { recursive: true })
        await redis.start()
        // The numbers 4 and 5 again, and more.
        const other = open({ prefix: `log${prefixes - 1}:` }, 'ioredis', redis.port)
        const anew = await append(other, ['vier', 'fünf', 'sechs'])
        expect(new Set([...kept, ...lost, ...anew]).size).toBe(8)
        for (const id of lost) {
          expect(await log.since('a', id, ALL)).toMatchObject({ complete: false })
        }
        for (const [i, id] of kept.entries()) {
          const page = await log.since('a', id, ALL)
          expect([page.complete, dataOf(page.records)]).toEqual([
            true,
            ['1', '2', '3', 'vier', 'fünf', 'sechs'].slice(i + 1),
          ])
        }
        // Who had heard the lost ones is told, and hears what comes.
        await expect.poll(() => listener.starts.length).toBe(2)
        await append(log, ['sieben'])
        await expect.poll(() => dataOf(listener.records).at(-1)).toBe('sieben')
        const page = await log.since('a', listener.starts[1] as string, ALL)
        expect(listener.records).toEqual(page.records)
      } finally {
        await Promise.all(logs.splice(0).map((log) => log.close()))
        await redis.stop()
      }
    })

    test('and one that lost nothing resumes over any number of restarts', async () => {
      const redis = await RedisServer.start()
      try {
        const log = open({}, 'node-redis', redis.port)
        const ids: string[] = []
        for (let run = 0; run < 4; run++) {
          ids.push(...(await append(log, [`${run}a`, `${run}b`], { maxEvents: 5 })))
          await redis.kill()
          await redis.start()
        }
        for (const [i, id] of ids.entries()) {
          const page = await log.since('a', id, ALL)
          expect([id, page.complete]).toEqual([id, i >= 2])
          expect(page.records.map(({ id }) => id)).toEqual(ids.slice(Math.max(i + 1, 3)))
          if (i < 2) expect(page.from).toBe(ids[2])
        }
        // An id with the wrong term was never given.
        const forged = (ids[5] as string).replace(/\.\d+-/, '.9-')
        expect((await log.since('a', forged, ALL)).complete).toBe(false)
      } finally {
        await Promise.all(logs.splice(0).map((log) => log.close()))
        await redis.stop()
      }
    })
  })

  async function slotOf(key: string): Promise<number> {
    // Redis itself says so, in its words for clusters, whether it is part of one or not.
    const hashed = /\{([^}]+)\}/.exec(key)?.[1] ?? key
    return crc16(Buffer.from(hashed)) % 16_384
  }
})

/** As of the cluster specification: CRC-16 XMODEM. */
function crc16(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff
  }
  return crc
}

describe('new RedisLog', () => {
  test.each([
    [
      'no client',
      undefined,
      {},
      /Expected the client to be one of redis \(5 or later\) or ioredis, got undefined/,
    ],
    ['a client of another kind', { get: () => {} }, {}, /Expected the client to be/],
    [
      'braces in the prefix',
      lazy(),
      { prefix: 'a{b}' },
      /Expected `prefix` to be well-formed text without braces, got "a{b}"/,
    ],
    [
      'half a character in the prefix',
      lazy(),
      { prefix: '\ud800' },
      /Expected `prefix` to be well-/,
    ],
    ['a timeout of 0', lazy(), { timeoutMs: 0 }, /Expected `timeoutMs` to be an integer from 1 to/],
    ['too short a life', lazy(), { idleMs: 10 }, /Expected `idleMs` to be an integer from 1000 to/],
  ])('refuses %s', (_what, client, options, message) => {
    expect(() => new RedisLog(client as Redis, options)).toThrow(message)
  })

  test('does not let a client without a listener for errors end the process', async () => {
    const client = createClient({ socket: { host: '127.0.0.1', port: 1, reconnectStrategy: 10 } })
    const log = new RedisLog(client, { timeoutMs: 100 })
    client.connect().catch(() => {})
    await expect(log.append('a', { data: '1' }, KEEP)).rejects.toMatchObject({
      code: 'ERR_SSE_LOG',
    })
    await log.close()
  })

  test('rejects within its time for a client that nobody has connected', async () => {
    const log = new RedisLog(createClient(), { timeoutMs: 50 })
    await expect(log.append('a', { data: '1' }, KEEP)).rejects.toThrow(
      /within 50 ms: the client has no connection/,
    )
    await log.close()
  })
})

function lazy(): Redis {
  return new Redis({ lazyConnect: true })
}
