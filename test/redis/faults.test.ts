// What befalls Redis and the connections to it, and what nodes and clients then see. Processes throughout.

import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { CLIENTS } from './clients.js'
import { NodeProcess, type Outcome } from './node-process.js'
import { RedisServer } from './redis-server.js'
import { Visitor } from './visitor.js'

const hasRedis = inject('programs')['redis-server'] !== undefined

describe.skipIf(!hasRedis)('nodes and a Redis that fails (Redis)', { timeout: 60_000 }, () => {
  describe.each(Object.keys(CLIENTS))('with %s', (client) => {
    let redis: RedisServer
    let one: NodeProcess
    let other: NodeProcess
    const visitors: Visitor[] = []

    const visit = async (node: NodeProcess, lastEventId = '') => {
      const visitor = await Visitor.connect(node.url, 'main', lastEventId)
      visitors.push(visitor)
      return visitor
    }

    async function startNodes(timeoutMs?: number) {
      ;[one, other] = await Promise.all([
        NodeProcess.start(client, redis.port, timeoutMs),
        NodeProcess.start(client, redis.port, timeoutMs),
      ])
    }

    /** Cuts both subscribers at once, when they are there again. */
    async function cutSubscribers() {
      await expect.poll(() => redis.count('pubsub'), { interval: 5 }).toBe(2)
      expect(await redis.cut('pubsub')).toBe(2)
    }

    /** Publishes one batch after the other, alternately, until told to stop; gives what became of each. */
    function publishing(pauseMs: number) {
      const outcomes: Outcome[] = []
      let isOver = false
      const done = (async () => {
        for (let from = 0; !isOver; from += 10) {
          const node = from % 20 === 0 ? one : other
          outcomes.push(...(await node.publish(10, { from })))
          await new Promise((resolve) => setTimeout(resolve, pauseMs))
        }
      })()
      return {
        outcomes,
        async stop() {
          isOver = true
          await done
        },
      }
    }

    beforeEach(async () => {
      redis = await RedisServer.prepare()
    })
    afterEach(async () => {
      for (const visitor of visitors.splice(0)) visitor.leave()
      const stats = await Promise.all([one.stats(), other.stats()])
      expect(stats.map(({ unhandled }) => unhandled)).toEqual([0, 0])
      // They end by themselves, Redis there or not.
      expect(await Promise.all([one.stop(), other.stop()])).toEqual([0, 0])
      await redis.stop()
    })

    test('killed and started anew while publishing goes on: each that resolved arrives once', async () => {
      await redis.start()
      await startNodes()
      const [here, there] = [await visit(one), await visit(other)]
      await Promise.all([here.knowsPosition(), there.knowsPosition()])
      const publisher = publishing(5)
      for (let times = 1; times <= 3; times++) {
        await here.hasSeen(here.seen.length + 100)
        await redis.kill()
        await redis.start()
      }
      await here.hasSeen(here.seen.length + 100)
      await publisher.stop()
      await one.publish(1, { data: 'end' })
      await expect.poll(() => [here.data.at(-1), there.data.at(-1)]).toEqual(['end0', 'end0'])
      expect(there.seen).toEqual(here.seen)
      expect([here.gaps, here.connections, there.connections]).toEqual([[], 1, 1])
      expect(new Set(here.data).size).toBe(here.data.length)
      const arrived = new Map(here.seen.map(({ data, id }) => [data, id]))
      for (const { data, id } of publisher.outcomes) {
        if (id !== undefined) expect(arrived.get(data)).toBe(id)
      }
      // The client sends again what was under way, or the log does: an outage this short rejects nothing.
      expect(publisher.outcomes.filter(({ code }) => code !== undefined)).toEqual([])
    })

    test('subscribers cut off in a burst miss nothing', async () => {
      await redis.start()
      await startNodes()
      const [here, there] = [await visit(one), await visit(other)]
      await Promise.all([here.knowsPosition(), there.knowsPosition()])
      const bursts: Promise<unknown>[] = []
      for (let from = 0; from < 2_000; from += 200) {
        bursts.push((from % 400 === 0 ? one : other).publish(200, { from }))
        if (from % 600 === 0) await cutSubscribers()
      }
      await Promise.all(bursts)
      // Nothing is published afterwards that would give a loss away.
      await cutSubscribers()
      await Promise.all([here.hasSeen(2_000), there.hasSeen(2_000)])
      expect(new Set(here.data).size).toBe(2_000)
      expect(there.seen).toEqual(here.seen)
      expect([here.connections, there.connections]).toEqual([1, 1])
    })

    test('publishers cut off in a burst append each event once, in order', async () => {
      await redis.start()
      await startNodes()
      const here = await visit(other)
      await here.knowsPosition()
      const burst = one.publish(10_000)
      for (let times = 1; times <= 4; times++) {
        const before = here.seen.length
        await expect.poll(() => here.seen.length, { interval: 1 }).toBeGreaterThan(before)
        await redis.cut('normal')
      }
      const outcomes = await burst
      await here.hasSeen(10_000)
      expect(here.data).toEqual(Array.from({ length: 10_000 }, (_, i) => `${i}`))
      expect(here.seen.map(({ id }) => id)).toEqual(outcomes.map(({ id }) => id))
    })

    test('flushed: a gap for who is there and for who comes back, not silence', async () => {
      await redis.start()
      await startNodes()
      const here = await visit(one)
      await here.knowsPosition()
      await one.publish(5)
      await here.hasSeen(5)
      await redis.command('FLUSHALL')
      const last = here.lastEventId
      const back = await visit(other, last)
      await back.hasSeen(1)
      expect(back.seen[0]).toMatchObject({
        event: 'gap',
        data: JSON.stringify({ lastEventId: last }),
      })
      await one.publish(2, { data: 'new' })
      await Promise.all([here.hasSeen(8), back.hasSeen(3)])
      expect(here.data.slice(6)).toEqual(['new0', 'new1'])
      expect(here.seen[5]).toMatchObject({ event: 'gap' })
      expect(back.data.slice(1)).toEqual(['new0', 'new1'])
      await one.publish(3, { data: 'newer' })
      await Promise.all([here.hasSeen(11), back.hasSeen(6)])
      expect(here.seen.slice(6)).toEqual(back.seen.slice(1))
    })

    test('away from the start on, then there: streams wait, and publish says so', async () => {
      await startNodes(300)
      const here = await visit(one)
      await expect.poll(() => here.comments).toBeGreaterThan(1)
      const outcomes = await one.publish(2)
      expect(outcomes.map(({ code }) => code)).toEqual(['ERR_SSE_LOG', 'ERR_SSE_LOG'])
      await redis.start()
      await here.knowsPosition()
      await expect.poll(async () => (await one.publish(1, { from: 2 }))[0]?.code).toBe(undefined)
      await here.hasSeen(1)
      // What was rejected while there was no connection was never handed to it.
      expect(here.data.every((data) => data === '2')).toBe(true)
      expect(here.connections).toBe(1)
    })

    test('away for longer than clients keep their commands: all goes on by itself', async () => {
      await redis.start()
      await startNodes(400)
      const here = await visit(one)
      await here.knowsPosition()
      await one.publish(3)
      await here.hasSeen(3)
      await redis.kill()
      const until = performance.now() + 12_000
      const rejected: (string | undefined)[] = []
      const late = await visit(other, here.lastEventId)
      while (performance.now() < until) {
        const [outcome] = await other.publish(1, { data: 'lost' })
        rejected.push(outcome?.code)
      }
      expect(new Set(rejected)).toEqual(new Set(['ERR_SSE_LOG']))
      expect(here.comments).toBeGreaterThan(10)
      await redis.start()
      await expect
        .poll(async () => (await other.publish(1, { data: 'x' }))[0]?.code)
        .toBe(undefined)
      await Promise.all([here.hasSeen(4), late.hasSeen(1)])
      expect(here.gaps).toEqual([])
      // One that was given up may have arrived as well.
      await vi.waitFor(() => expect(late.seen).toEqual(here.seen.slice(3)), { timeout: 15_000 })
      expect([here.connections, late.connections]).toEqual([1, 1])
    })

    test('suspended: publish gives up in time, and nothing is lost or repeated when it goes on', async () => {
      await redis.start()
      await startNodes(300)
      const here = await visit(one)
      await here.knowsPosition()
      await one.publish(3)
      await here.hasSeen(3)
      redis.suspend()
      // Redis hears nothing until it is resumed: that these come back at all is the bound.
      const outcomes = await one.publish(5, { data: 'slow' })
      expect(outcomes.map(({ code }) => code)).toEqual(Array(5).fill('ERR_SSE_LOG'))
      // Those behind them are not even sent.
      const unsent = await one.publish(5, { data: 'never' })
      expect(unsent.map(({ code }) => code)).toEqual(Array(5).fill('ERR_SSE_LOG'))
      redis.resume()
      await expect.poll(async () => (await one.publish(1, { data: 'on' }))[0]?.code).toBe(undefined)
      await expect.poll(() => here.data.at(-1)).toBe('on0')
      // What was rejected may have arrived: all of it, in order.
      const arrived = here.data.slice(3).filter((data) => !data.startsWith('on'))
      expect(['', 'slow0 slow1 slow2 slow3 slow4']).toContain(arrived.join(' '))
    })
  })
})
