// The Redis clients that the log is tested with, made as applications make them.

import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { createClient } from 'redis'
import { createClient as createClient5 } from 'redis5'
import type { RedisClient } from '../../src/redis/redis-log.js'

/** Makes a client that begins to connect, and reconnects soon; it hears its own errors. */
export const CLIENTS: Record<string, (port: number) => RedisClient> = {
  'node-redis': (port) => {
    const client = createClient({
      socket: { host: '127.0.0.1', port, reconnectStrategy: (tries) => Math.min(tries * 20, 500) },
    })
    client.on('error', () => {})
    client.connect().catch(() => {})
    return client
  },
  ioredis: (port) => {
    const retryStrategy = (tries: number) => Math.min(tries * 20, 500)
    const client = new Redis(port, '127.0.0.1', { retryStrategy })
    client.on('error', () => {})
    return client
  },
}

/** The major versions before, which are to work too. */
export const EARLIER_CLIENTS: Record<string, (port: number) => RedisClient> = {
  'node-redis 5': (port) => {
    const client = createClient5({ socket: { host: '127.0.0.1', port } })
    client.on('error', () => {})
    client.connect().catch(() => {})
    return client
  },
  'ioredis 5': (port) => new Redis5(port, '127.0.0.1'),
}
