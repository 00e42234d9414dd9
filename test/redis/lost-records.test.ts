// Redis loses records while a client is on its way to what is live: it is told, and does not wait for the next event.

import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SseChannel } from '../../src/index.js'
import { RedisLog } from '../../src/redis/redis-log.js'
import { FakeClient } from '../fake-client.js'
import { CLIENTS } from './clients.js'
import { describeWithRedis, RedisServer } from './redis-server.js'

const connect = (client: string, port: number) =>
  (CLIENTS[client] as (typeof CLIENTS)[string])(port)

const gapsOf = (client: FakeClient) => client.events.filter(({ event }) => event === 'gap')

describeWithRedis('a client that joins a channel whose keys have gone', (server) => {
  const logs: RedisLog[] = []

  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()))
  })

  // Its stream was open, and `subscribe` settled with the next event, whenever that came.
  test.each(Object.keys(CLIENTS))(
    'is told of a gap and is live at once, and so are those who are there (%s)',
    async (name) => {
      const log = new RedisLog(connect(name, server().port), { prefix: `gone ${name}:` })
      logs.push(log)
      const channel = new SseChannel({ name: 'a', log })
      const there = new FakeClient()
      await channel.subscribe(there.stream)
      const id = await channel.publish({ data: '1' })
      await channel.publish({ data: '2' })
      await expect.poll(() => there.data).toEqual(['1', '2'])

      await server().command('FLUSHALL')
      const newcomer = new FakeClient(id)
      const subscription = await channel.subscribe(newcomer.stream)
      expect(subscription.resume).toBe('gap')
      await expect.poll(() => gapsOf(there)).toHaveLength(1)
      await channel.publish({ data: '3' })
      await expect.poll(() => [newcomer.data.at(-1), there.data.at(-1)]).toEqual(['3', '3'])
      expect(gapsOf(newcomer)).toHaveLength(1)
      await channel.close()
    },
  )
})

describeWithRedis('a client that was shown what Redis then loses', () => {
  let redis: RedisServer
  const logs: RedisLog[] = []

  beforeEach(async () => {
    redis = await RedisServer.start()
  })
  // Also where a test has waited in vain.
  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()))
    await redis.stop()
  })

  // It had got records that nobody else has, waited for the next event, and was told of nothing.
  test.each([
    { after: 'nothing is published', published: [] },
    { after: 'their numbers are given anew', published: ['vier', 'fünf', 'sechs'] },
  ])('is told of a gap, where $after', async ({ published }) => {
    // The client of the subscriber, which can be made deaf.
    const client = connect('ioredis', redis.port) as unknown as Redis
    const copies: Redis[] = []
    const duplicate = client.duplicate.bind(client)
    client.duplicate = () => {
      const copy = duplicate()
      copies.push(copy)
      return copy
    }
    const log = new RedisLog(client)
    const other = new RedisLog(connect('ioredis', redis.port))
    logs.push(log, other)
    const [here, elsewhere] = [log, other].map((log) => new SseChannel({ name: 'a', log }))
    if (here === undefined || elsewhere === undefined) throw new Error('There are two')
    const there = new FakeClient()
    await here.subscribe(there.stream)
    const id = await elsewhere.publish({ data: '1' })
    await elsewhere.publish({ data: '2' })
    await expect.poll(() => there.data).toEqual(['1', '2'])
    const files = join(redis.folder, 'appendonlydir')
    await cp(files, `${files}-before`, { recursive: true })

    const { stream } = copies[0] as unknown as { stream: { pause(): void; destroy(): void } }
    stream.pause()
    await elsewhere.publish({ data: '3' })
    await elsewhere.publish({ data: '4' })
    const newcomer = new FakeClient(id)
    const subscribed = here.subscribe(newcomer.stream)
    await expect.poll(() => newcomer.data).toEqual(['2', '3', '4'])
    await redis.kill()
    stream.destroy()
    await cp(`${files}-before`, files, { recursive: true })
    await redis.start()

    for (const data of published) await elsewhere.publish({ data })
    expect((await subscribed).resume).toBe('gap')
    expect(gapsOf(newcomer)).toHaveLength(1)
    await elsewhere.publish({ data: 'last' })
    await expect.poll(() => newcomer.data.at(-1)).toBe('last')
    await expect.poll(() => there.data).toEqual(['1', '2', ...published, 'last'])
    expect(gapsOf(there)).toEqual([])
  })
})
