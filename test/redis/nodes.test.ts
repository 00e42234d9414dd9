// Two nodes on one Redis, as processes: the same events, and what befalls a client when a node goes.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CLIENTS } from './clients.js'
import { NodeProcess } from './node-process.js'
import { describeWithRedis } from './redis-server.js'
import { Visitor } from './visitor.js'

describeWithRedis('two nodes', (server) => {
  describe.each(Object.keys(CLIENTS))('with %s', (client) => {
    let one: NodeProcess
    let other: NodeProcess
    const visitors: Visitor[] = []

    const visit = async (node: NodeProcess, channel = 'main', lastEventId = '') => {
      const visitor = await Visitor.connect(node.url, channel, lastEventId)
      visitors.push(visitor)
      await visitor.knowsPosition()
      return visitor
    }

    beforeEach(async () => {
      await server().command('FLUSHALL')
      const nodes = [
        NodeProcess.start(client, server().port),
        NodeProcess.start(client, server().port),
      ]
      ;[one, other] = (await Promise.all(nodes)) as [NodeProcess, NodeProcess]
    })
    afterEach(async () => {
      for (const visitor of visitors.splice(0)) visitor.leave()
      expect(await one.kill().then(() => other.stats())).toMatchObject({ unhandled: 0 })
      await other.kill()
    })

    test('give the same events in the same order with the same ids, whoever publishes', async () => {
      const here = await visit(one)
      const there = await visit(other)
      const outcomes = await Promise.all([
        one.publish(300, { data: 'a' }),
        other.publish(300, { data: 'b' }),
        one.publish(300, { data: 'c' }),
        other.publish(300, { data: 'd' }),
      ])
      await Promise.all([here.hasSeen(1_200), there.hasSeen(1_200)])
      expect(there.seen).toEqual(here.seen)
      // Each under the id that its publisher was told, and each publisher's in its order.
      const ids = new Map(here.seen.map(({ data, id }) => [data, id]))
      for (const published of outcomes) {
        for (const { data, id } of published) expect(id).toBe(ids.get(data))
        const own = here.data.filter((data) => data[0] === published[0]?.data[0])
        expect(own).toEqual(published.map(({ data }) => data))
      }
    })

    test('take over a client that moves, exactly', async () => {
      const still = await visit(other)
      const moving = await visit(one)
      let published = 0
      for (let round = 0; round < 6; round++) {
        const publishing = one.publish(50, { from: published })
        if (round > 0) moving.moveTo((round % 2 === 0 ? one : other).url)
        await publishing
        await expect.poll(() => moving.connections).toBe(round + 1)
        published += 50
      }
      await Promise.all([still.hasSeen(300), moving.hasSeen(300)])
      expect(moving.seen).toEqual(still.seen)
    })

    test('lose and repeat nothing when one is killed in the middle of its work', async () => {
      const still = await visit(other)
      const moving = await visit(one)
      // It would take minutes.
      const dying = one.publish(1_000_000, { data: 'x', atOnce: 1_000 }).catch(() => 'killed')
      await moving.hasSeen(1)
      const killed = one.kill()
      moving.moveTo(other.url)
      await killed
      expect(await dying).toBe('killed')
      await other.publish(1, { data: 'end' })
      await still.hasSeen(1)
      await expect.poll(() => still.data.at(-1)).toBe('end0')
      await expect.poll(() => moving.data.at(-1)).toBe('end0')
      expect(moving.seen).toEqual(still.seen)
      // What the dead node had appended is a beginning of what it was to.
      const numbers = still.data.slice(0, -1).map((data) => Number(data.slice(1)))
      expect(numbers).toEqual(numbers.map((_, i) => i))
    })

    test('let a process end that has been told to close, with clients and followed channels', async () => {
      const visitor = await visit(one)
      await one.publish(3)
      await visitor.hasSeen(3)
      expect(await one.stop()).toBe(0)
      visitor.moveTo(other.url)
      await other.publish(1, { from: 3 })
      await visitor.hasSeen(4)
      expect(visitor.data).toEqual(['0', '1', '2', '3'])
    })
  })

  test('have a thousand channels on one connection each', async () => {
    const one = await NodeProcess.start('node-redis', server().port)
    const other = await NodeProcess.start('ioredis', server().port)
    const names = Array.from({ length: 1_000 }, (_, i) => `channel-${i}`)
    const visitors = await Promise.all(
      names.map((name, i) => Visitor.connect((i % 2 ? one : other).url, name)),
    )
    await Promise.all(visitors.map((visitor) => visitor.knowsPosition()))
    expect(
      Number(/connected_clients:(\d+)/.exec(await server().command('INFO', 'clients'))?.[1]),
    ).toBeLessThanOrEqual(5)
    await Promise.all(
      names.map((channel, i) => (i % 2 ? other : one).publish(3, { channel, data: `${i}:` })),
    )
    await Promise.all(visitors.map((visitor) => visitor.hasSeen(3)))
    for (const [i, visitor] of visitors.entries()) {
      expect(visitor.data).toEqual([`${i}:0`, `${i}:1`, `${i}:2`])
      visitor.leave()
    }
    await Promise.all([one.kill(), other.kill()])
  })
})
