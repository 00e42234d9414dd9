// A stream tested by Jest, in CommonJS, with its fake timers.

const { SseChannel } = require('eventwire')
const { createTestStream } = require('eventwire/testing')

describe('createTestStream under Jest', () => {
  test('gives what was sent and published', async () => {
    const channel = new SseChannel()
    const { stream, events } = createTestStream()
    await channel.subscribe(stream)
    stream.send({ event: 'a', data: 'sent' })
    await channel.publish({ data: 'published' })
    expect(events().map(({ data }) => data)).toEqual(['sent', 'published'])
  })

  describe('with fake timers', () => {
    beforeEach(() => jest.useFakeTimers())
    afterEach(() => jest.useRealTimers())

    // They hold back `queueMicrotask`, too.
    test('gives what was published', async () => {
      const channel = new SseChannel()
      const { stream, events } = createTestStream()
      await channel.subscribe(stream)
      await channel.publish({ data: 'published' })
      expect(events()).toHaveLength(1)
    })

    test('has its heartbeats when time is moved on', () => {
      const { text } = createTestStream({ heartbeatMs: 10_000 })
      jest.advanceTimersByTime(30_000)
      expect(text()).toBe(': \n\n'.repeat(3))
    })

    test('is stalled after stallTimeoutMs', async () => {
      const { stream, stall } = createTestStream({ stallTimeoutMs: 60_000 })
      stall()
      stream.send({ data: 'lying' })
      jest.advanceTimersByTime(59_999)
      expect(stream.state).toBe('open')
      jest.advanceTimersByTime(1)
      expect(await stream.closed).toEqual({ reason: 'stalled' })
    })

    test('ends within its lifetime', async () => {
      const { stream } = createTestStream({ maxLifetimeMs: 1_000, heartbeatMs: false })
      jest.advanceTimersByTime(1_000)
      expect(await stream.closed).toEqual({ reason: 'lifetime' })
    })
  })

  test('goes on after the fake timers have gone', async () => {
    const { stream, events, disconnect } = createTestStream()
    stream.send({ data: 'real' })
    expect(events()).toHaveLength(1)
    disconnect()
    expect(await stream.closed).toEqual({ reason: 'client' })
  })
})
