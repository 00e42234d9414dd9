// How long an event waits for Redis, whichever fails first.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Appends } from '../../src/redis/appends.js'
import type { Connection } from '../../src/redis/connection.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

// As in a cluster, whose servers fail one by one.
test('an event is given up in time where a later one has failed before it', async () => {
  const fail: ((cause: Error) => void)[] = []
  const connection = {
    isReady: true,
    wake() {},
    run: () => new Promise((_resolve, reject) => fail.push(reject)),
  } as unknown as Connection
  const appends = new Appends(connection, 1_000)
  const given: string[] = []
  const add = (name: string) => {
    appends.add([name], []).catch(() => given.push(name))
  }
  add('early')
  await vi.advanceTimersByTimeAsync(900)
  // It keeps the others from being sent again.
  add('hanging')
  add('late')
  await vi.advanceTimersByTimeAsync(1)
  fail[2]?.(new Error('CLUSTERDOWN The cluster is down'))
  await vi.advanceTimersByTimeAsync(1)
  fail[0]?.(new Error('Connection is closed.'))
  await vi.advanceTimersByTimeAsync(110)
  expect(given).toEqual(['early'])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(given).toEqual(['early', 'hanging', 'late'])
})
