// Which package a client is of.

import { wrongType } from '../misuse.js'
import type { Connection } from './connection.js'
import { type IoredisClient, IoredisConnection } from './ioredis.js'
import { type NodeRedisClient, NodeRedisConnection } from './node-redis.js'

/** A client of either package. */
export type RedisClient = NodeRedisClient | IoredisClient

/** @throws {TypeError} when it is a client of neither package. */
export function connectionOf(client: RedisClient): Connection {
  if (has(client, 'evalSha', 'eval', 'publish', 'duplicate', 'subscribe', 'on', 'destroy')) {
    return new NodeRedisConnection(client as NodeRedisClient)
  }
  if (has(client, 'evalsha', 'eval', 'publish', 'duplicate', 'subscribe', 'on', 'disconnect')) {
    return new IoredisConnection(client as IoredisClient)
  }
  throw wrongType('the client', 'one of redis (5 or later) or ioredis', client)
}

function has(client: unknown, ...methods: string[]): boolean {
  const candidate = client as Record<string, unknown> | undefined
  return methods.every((method) => typeof candidate?.[method] === 'function')
}
