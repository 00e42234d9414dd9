// A stream tested by the runner of Node.js, with its mock timers.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SseChannel } from 'eventwire'
import { createTestStream } from 'eventwire/testing'

describe('createTestStream under node:test', () => {
  test('gives what was sent and published', async () => {
    const channel = new SseChannel()
    const { stream, events } = createTestStream()
    await channel.subscribe(stream)
    stream.send({ event: 'a', data: 'sent' })
    await channel.publish({ data: 'published' })
    assert.deepEqual(
      events().map(({ data }) => data),
      ['sent', 'published'],
    )
  })

  for (const apis of [['setTimeout'], ['setTimeout', 'setInterval', 'setImmediate', 'Date']]) {
    test(`has heartbeats, stalls and lifetimes by the mock of ${apis}`, async (t) => {
      t.mock.timers.enable({ apis })
      // Its clock jumps to the end of a step before the timers of that step run, and each may lag by one: so they are small.
      const moveOn = (ms) => {
        for (let i = 0; i < ms; i += 10) t.mock.timers.tick(10)
      }
      const beating = createTestStream({ heartbeatMs: 10_000 })
      const stalling = createTestStream({ stallTimeoutMs: 60_000, heartbeatMs: false })
      const ending = createTestStream({ maxLifetimeMs: 30_000, heartbeatMs: false })
      stalling.stall()
      stalling.stream.send({ data: 'lying' })
      moveOn(20_500)
      assert.equal(beating.text(), ': \n\n: \n\n')
      assert.equal(ending.stream.state, 'open')
      moveOn(10_000)
      assert.deepEqual(await ending.stream.closed, { reason: 'lifetime' })
      moveOn(29_000)
      assert.equal(stalling.stream.state, 'open')
      moveOn(1_000)
      assert.deepEqual(await stalling.stream.closed, { reason: 'stalled' })
      beating.disconnect()
    })
  }
})
