// What every sink must do for a stream: run for each kind of connection.

import { describe, expect, test, vi } from 'vitest'
import { SseStream, type SseStreamOptions } from '../../src/index.js'
import type { WritableLike } from '../../src/writable-sink.js'
import { turn } from '../fake-sink.js'
import { readWire } from '../wire.js'

/** One connection, seen from both ends. */
export interface Connection {
  sink: WritableLike
  /** What the client has read so far. */
  received(): string
  /** The client stops to read, or reads again. */
  pause(): void
  resume(): void
  /** The client goes away. */
  leave(): void
  close(): Promise<void>
}

export interface SinkTraits {
  /** The client leaving is seen at the sink. False where nothing connects the two, as in a pipe. */
  seesClientLeave: boolean
}

export function describeSink(name: string, traits: SinkTraits, connect: () => Promise<Connection>) {
  async function open(options?: SseStreamOptions) {
    const connection = await connect()
    const stream = new SseStream(connection.sink, { heartbeatMs: false, ...options })
    return { ...connection, stream }
  }

  describe(`SseStream on ${name}`, () => {
    test('delivers each event when it is sent, not when it ends', async () => {
      const { stream, received, close } = await open()
      for (const data of ['1', '2', '3']) {
        stream.send({ data })
        await vi.waitUntil(() => received().endsWith(`data: ${data}\n\n`))
      }
      await close()
    })

    test('delivers 15 MB in order to a client that pauses meanwhile, within its bound', async () => {
      const { stream, received, pause, resume, close } = await open()
      pause()
      let sent = 0
      const sending = (async () => {
        while (sent < 1_500) {
          const data = `${sent++}`.padEnd(10_000)
          if (!stream.send({ data })) await stream.drained()
          expect(stream.bufferedBytes).toBeLessThan(1_048_576)
        }
      })()
      for (let i = 0; i < 20; i++) await turn()
      expect(sent).toBeLessThan(1_500)
      resume()
      await sending
      expect(await stream.end()).toEqual({ reason: 'ended' })
      await vi.waitUntil(() => received().length >= 1_500 * 10_008, { timeout: 15_000 })
      const numbers = readWire(received()).map(({ data }) => Number(data))
      expect(numbers).toEqual(Array.from({ length: 1_500 }, (_, i) => i))
      await close()
    })

    test('is cut when a client stops reading while 15 MB are sent', async () => {
      const { stream, pause, close } = await open()
      pause()
      let mostBytes = 0
      for (let i = 0; i < 1_500; i++) {
        stream.send({ data: `${i}`.padEnd(10_000) })
        mostBytes = Math.max(mostBytes, stream.bufferedBytes)
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(await stream.closed).toEqual({ reason: 'overflow' })
      // The bound, and what may be on its way into the connection.
      expect(mostBytes).toBeLessThanOrEqual(1_048_576 + 65_536)
      expect(stream.bufferedBytes).toBe(0)
      await close()
    })

    test('delivers one tick of 15 MB whole to a client that reads', async () => {
      const { stream, received, close } = await open()
      for (let i = 0; i < 1_500; i++) stream.send({ data: `${i}`.padEnd(10_000) })
      await stream.drained()
      expect(await stream.end()).toEqual({ reason: 'ended' })
      await vi.waitUntil(() => received().length >= 1_500 * 10_008, { timeout: 15_000 })
      expect(readWire(received())).toHaveLength(1_500)
      await close()
    })

    test('ends with the farewell', async () => {
      const { stream, received, close } = await open()
      stream.send({ data: 'x' })
      expect(await stream.end({ event: 'bye' })).toEqual({ reason: 'ended' })
      await vi.waitUntil(() => received() === 'data: x\n\nevent: bye\ndata: \n\n')
      await close()
    })

    test('settles all that waits when the stream is destroyed', async () => {
      const { stream, pause, close } = await open()
      pause()
      stream.send({ data: 'x'.repeat(20_000_000) })
      const drained = stream.drained()
      await turn()
      stream.destroy()
      expect(await stream.closed).toEqual({ reason: 'ended' })
      await drained
      await close()
    })

    test('closes with the reason ended when the application ends the sink', async () => {
      const { stream, sink, close } = await open()
      stream.send({ data: 'x' })
      await turn()
      sink.end()
      stream.send({ data: 'late' })
      expect(await stream.closed).toEqual({ reason: 'ended' })
      await close()
    })

    if (!traits.seesClientLeave) return

    test('reports a client that leaves', async () => {
      const { stream, received, leave, close } = await open()
      stream.send({ data: 'x' })
      await vi.waitUntil(() => received() !== '')
      leave()
      expect(await stream.closed).toEqual({ reason: 'client' })
      expect(stream.send({ data: 'late' })).toBe(false)
      await close()
    })

    test('reports a client that leaves while it is blocked', async () => {
      const { stream, pause, leave, close } = await open()
      pause()
      stream.send({ data: 'x'.repeat(20_000_000) })
      const drained = stream.drained()
      await turn()
      leave()
      expect(await stream.closed).toEqual({ reason: 'client' })
      await drained
      await close()
    })
  })
}
