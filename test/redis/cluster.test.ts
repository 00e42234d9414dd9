// RedisLog on a cluster of two shards, by both packages' cluster clients.

import { Cluster } from 'ioredis'
import { createCluster } from 'redis'
import { createCluster as createCluster5 } from 'redis5'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { type RedisClient, RedisLog } from '../../src/redis/redis-log.js'
import { describeLog } from '../logs/contract.js'
import { RedisServer } from './redis-server.js'

const KEEP = { maxEvents: 1_000, maxBytes: 1_048_576, maxAgeMs: Number.POSITIVE_INFINITY }

const hasRedis = inject('programs')['redis-server'] !== undefined

describe.skipIf(!hasRedis)('RedisLog on a cluster (Redis)', () => {
  const servers: RedisServer[] = []
  let logs = 0

  beforeAll(async () => {
    const args = ['--cluster-enabled', 'yes', '--cluster-require-full-coverage', 'yes']
    for (let i = 0; i < 2; i++) servers.push(await RedisServer.start(args))
    const [one, other] = servers as [RedisServer, RedisServer]
    await one.command('CLUSTER', 'ADDSLOTSRANGE', '0', '8191')
    await other.command('CLUSTER', 'ADDSLOTSRANGE', '8192', '16383')
    await other.command('CLUSTER', 'SET-CONFIG-EPOCH', '2')
    await one.command('CLUSTER', 'MEET', '127.0.0.1', `${other.port}`)
    for (const server of servers) {
      const isWhole = /cluster_state:ok.*cluster_known_nodes:2/s
      const ask = async () => isWhole.test(await server.command('CLUSTER', 'INFO'))
      await vi.waitUntil(ask, { timeout: 20_000 })
    }
  }, 60_000)
  afterAll(async () => {
    for (const server of servers) await server.stop()
  })

  const CONNECT: Record<string, () => Promise<RedisClient>> = {
    'node-redis': async () => {
      const rootNodes = servers.map(({ port }) => ({ socket: { host: '127.0.0.1', port } }))
      const client = createCluster({ rootNodes })
      client.on('error', () => {})
      await client.connect()
      return client
    },
    'node-redis 5': async () => {
      const rootNodes = servers.map(({ port }) => ({ socket: { host: '127.0.0.1', port } }))
      const client = createCluster5({ rootNodes })
      client.on('error', () => {})
      await client.connect()
      return client
    },
    ioredis: async () => new Cluster(servers.map(({ port }) => ({ host: '127.0.0.1', port }))),
  }

  for (const [name, connect] of Object.entries(CONNECT)) {
    test(`misses nothing when the subscriber is cut, over ${name}`, async () => {
      const log = new RedisLog(await connect(), { prefix: `cut${logs++}:` })
      const seen: Record<string, string[]> = { a: [], b: [], c: [] }
      for (const [channel, data] of Object.entries(seen)) {
        await log.follow(channel, {
          start: () => {},
          next: (record) => data.push(record.data ?? ''),
        })
      }
      const sent: string[] = []
      for (let i = 0; i < 302; i++) {
        sent.push(`${i}`)
        await Promise.all(Object.keys(seen).map((name) => log.append(name, { data: `${i}` }, KEEP)))
        // What is appended right after a cut is heard by nobody; after the last, nothing else gives that away.
        if (i % 60 === 59) for (const server of servers) await server.cut('pubsub')
      }
      await expect.poll(() => seen, { timeout: 15_000 }).toEqual({ a: sent, b: sent, c: sent })
      await log.close()
    }, 60_000)

    describeLog(name, async () => new RedisLog(await connect(), { prefix: `test${logs++}:` }))
  }
})
