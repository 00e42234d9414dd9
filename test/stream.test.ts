// One stream on a fake sink: sending, draining, ending.

import { describe, expect, test, vi } from 'vitest'
import type { SseStream } from '../src/index.js'
import { streamStats } from '../src/registry.js'
import { type FakeSink, tick, turn } from './fake-sink.js'
import { open } from './fake-stream.js'

describe('SseStream#send', () => {
  test('writes what is sent in one synchronous run as one chunk, in order', async () => {
    const { sink, stream } = open()
    expect(stream.send({ data: '1' })).toBe(true)
    expect(stream.comment('note')).toBe(true)
    expect(stream.send({ data: '2' })).toBe(true)
    expect(sink.written).toEqual([])
    await tick()
    expect(sink.written).toEqual(['data: 1\n\n: note\n\ndata: 2\n\n'])
  })

  test('holds events for a slow client and writes them in order on drain', async () => {
    const { sink, stream } = open()
    sink.isSlow = true
    stream.send({ data: '1' })
    await turn()
    expect(stream.send({ data: '2' })).toBe(false)
    await turn()
    expect(stream.send({ data: '3' })).toBe(false)
    expect(sink.written).toEqual(['data: 1\n\n'])
    sink.drain()
    expect(sink.written).toEqual(['data: 1\n\n', 'data: 2\n\ndata: 3\n\n'])
    expect(stream.send({ data: '4' })).toBe(true)
  })

  test('hands a long chunk over in pieces, as the client takes them, and loses no byte', async () => {
    const { sink, stream } = open()
    sink.isSlow = true
    const data = '€'.repeat(100_000)
    expect(stream.send({ data })).toBe(false)
    await turn()
    expect(sink.bufferedBytes).toBe(65_536)
    expect(stream.bufferedBytes).toBe(300_008)
    stream.send({ data: 'behind' })
    while (stream.bufferedBytes > 0) sink.take()
    expect(sink.text).toBe(`data: ${data}\n\ndata: behind\n\n`)
    expect(sink.written.every((chunk) => Buffer.byteLength(chunk) <= 65_539)).toBe(true)
  })

  test('answers false and encodes nothing once the client has left', () => {
    const { sink, stream } = open()
    sink.leave()
    const toJSON = vi.fn()
    expect(stream.send({ data: { toJSON } })).toBe(false)
    expect(stream.comment()).toBe(false)
    expect(toJSON).not.toHaveBeenCalled()
  })

  test('writes nothing of an event that it refuses, and keeps what was sent before', async () => {
    const { sink, stream } = open()
    stream.send({ data: 'before' })
    const sent = streamStats().eventsSent
    expect(() => stream.send({ id: 'a\nb', data: 'x' })).toThrow(TypeError)
    expect(() => stream.send({ data: 'x' }, { conflate: 5 as never })).toThrow(
      new TypeError('Expected `conflate` to be a string, got 5'),
    )
    expect(() => stream.comment(5 as never)).toThrow(TypeError)
    await tick()
    expect(sink.written).toEqual(['data: before\n\n'])
    expect(streamStats().eventsSent).toBe(sent)
    expect(stream.state).toBe('open')
  })

  test('answers false when encoding closes the stream', async () => {
    const { sink, stream } = open()
    const data = {
      toJSON() {
        stream.destroy()
        return 1
      },
    }
    expect(stream.send({ data })).toBe(false)
    await tick()
    expect(sink.written).toEqual([])
  })

  test('uses the serializer of the stream', async () => {
    const { sink, stream } = open({ serialize: (data) => `<${data}>` })
    stream.send({ data: 5 })
    await tick()
    expect(sink.written).toEqual(['data: <5>\n\n'])
  })

  test('closes with the reason error when the sink throws, and throws nothing itself', async () => {
    const { sink, stream } = open()
    const error = new Error('broken')
    sink.write = () => {
      throw error
    }
    stream.send({ data: 'x' })
    expect(await stream.closed).toEqual({ reason: 'error', error })
    expect(sink.isDestroyed).toBe(true)
  })
})

describe('SseStream#drained', () => {
  test('settles at once when nothing waits', async () => {
    const { stream } = open()
    await stream.drained()
  })

  test('waits for what was sent in this run to be written', async () => {
    const { sink, stream } = open()
    stream.send({ data: 'x' })
    await stream.drained()
    expect(sink.written).toEqual(['data: x\n\n'])
  })

  test('waits until a slow client has taken everything', async () => {
    const { sink, stream } = open()
    sink.isSlow = true
    stream.send({ data: '1' })
    await turn()
    stream.send({ data: '2' })
    const isDrained = vi.fn()
    const both = Promise.all([stream.drained().then(isDrained), stream.drained()])
    sink.take()
    await turn()
    expect(isDrained).not.toHaveBeenCalled()
    sink.drain()
    await both
  })

  test.each<[string, (sink: FakeSink, stream: SseStream) => void]>([
    ['the client leaves', (sink) => sink.leave()],
    ['the stream is destroyed', (_sink, stream) => stream.destroy()],
    ['the sink fails', (sink) => sink.fail(new Error('broken'))],
  ])('settles when %s', async (_what, close) => {
    const { sink, stream } = open()
    sink.isSlow = true
    stream.send({ data: '1' })
    await turn()
    const drained = stream.drained()
    close(sink, stream)
    await drained
    await stream.drained()
  })
})

describe('SseStream#end', () => {
  test('writes what is held and the farewell, then ends', async () => {
    const { sink, stream } = open()
    sink.isSlow = true
    stream.send({ data: '1' })
    await turn()
    stream.send({ data: '2' })
    const ended = stream.end({ event: 'bye' })
    expect(stream.state).toBe('ending')
    expect(stream.send({ data: 'late' })).toBe(false)
    expect(sink.isEnded).toBe(false)
    sink.drain()
    expect(await ended).toEqual({ reason: 'ended' })
    expect(stream.state).toBe('closed')
    expect(sink.text).toBe('data: 1\n\ndata: 2\n\nevent: bye\ndata: \n\n')
  })

  test('writes what was sent in the same run before it ends', async () => {
    const { sink, stream } = open()
    stream.send({ data: '1' })
    expect(await stream.end()).toEqual({ reason: 'ended' })
    expect(sink.written).toEqual(['data: 1\n\n'])
    expect(sink.isEnded).toBe(true)
  })

  test('takes the farewell where the backlog is full', async () => {
    const { sink, stream } = open({ maxBufferedBytes: 40, overflow: 'drop-newest' })
    sink.isSlow = true
    stream.send({ data: '1' })
    await turn()
    for (let i = 0; i < 9; i++) stream.send({ data: 'x' })
    void stream.end({ event: 'a farewell' })
    sink.drain()
    expect(sink.text).toMatch(/event: a farewell\ndata: \n\n$/)
  })

  test('rejects a farewell that cannot be sent, and stays open', async () => {
    const { sink, stream } = open()
    await expect(stream.end({ event: 'a\nb' })).rejects.toThrow(TypeError)
    expect(stream.state).toBe('open')
    expect(sink.isEnded).toBe(false)
  })

  test('gives the same answer each time it is called', async () => {
    const { stream } = open()
    const both = await Promise.all([stream.end(), stream.end({ data: 'too late' })])
    expect(both).toEqual([{ reason: 'ended' }, { reason: 'ended' }])
    stream.destroy(new Error('too late'))
    expect(await stream.closed).toEqual({ reason: 'ended' })
  })

  test('ends at the end of an await using block', async () => {
    const { sink, stream } = open()
    {
      await using inner = stream
      inner.send({ data: 'x' })
    }
    expect(sink.isEnded).toBe(true)
    expect(stream.state).toBe('closed')
  })

  test('gives the reason client when the client leaves before it has taken everything', async () => {
    const { sink, stream } = open()
    sink.isSlow = true
    stream.send({ data: '1' })
    await turn()
    stream.send({ data: '2' })
    const ended = stream.end()
    sink.leave()
    expect(await ended).toEqual({ reason: 'client' })
  })
})

describe('SseStream#destroy', () => {
  test('drops what is held and cuts, with the reason ended', async () => {
    const { sink, stream } = open()
    stream.send({ data: '1' })
    stream.destroy()
    expect(await stream.closed).toEqual({ reason: 'ended' })
    await turn()
    expect(sink.written).toEqual([])
    expect(sink.isDestroyed).toBe(true)
    expect(stream.bufferedBytes).toBe(0)
  })

  test('with an error gives the reason error, and tells the client nothing', async () => {
    const { sink, stream } = open()
    const error = new Error('secret')
    stream.destroy(error)
    expect(await stream.closed).toEqual({ reason: 'error', error })
    expect(sink.written).toEqual([])
  })

  test('swallows the error of a sink that fails to be destroyed', async () => {
    const { sink, stream } = open()
    sink.destroy = () => {
      throw new Error('broken')
    }
    stream.destroy()
    expect(await stream.closed).toEqual({ reason: 'ended' })
  })
})

describe('SseStream#signal', () => {
  test('aborts when the client leaves', () => {
    const { sink, stream } = open()
    const { signal } = stream
    expect(signal.aborted).toBe(false)
    sink.leave()
    expect(signal.aborted).toBe(true)
    expect(signal.reason).toMatchObject({
      name: 'AbortError',
      message: 'The stream closed: client',
    })
  })

  test('aborts as soon as the stream takes no more, while it still writes', async () => {
    const { sink, stream } = open()
    const { signal } = stream
    sink.isSlow = true
    stream.send({ data: '1' })
    await turn()
    void stream.end()
    expect(signal.aborted).toBe(true)
  })

  test('has aborted when it is first asked for after the close', () => {
    const { sink, stream } = open()
    sink.leave()
    expect(stream.signal.aborted).toBe(true)
    expect(stream.signal).toBe(stream.signal)
  })

  test('finds the stream closed in its listeners', () => {
    const { sink, stream } = open()
    const seen: unknown[] = []
    stream.signal.addEventListener('abort', () => seen.push(stream.state, stream.send({ data: 1 })))
    sink.leave()
    expect(seen).toEqual(['closed', false])
  })
})

describe('SseStreamOptions.signal', () => {
  test('ends a stream whose client reads, after what was sent', async () => {
    const controller = new AbortController()
    const { sink, stream } = open({ signal: controller.signal })
    stream.send({ data: 'x' })
    controller.abort()
    expect(await stream.closed).toEqual({ reason: 'aborted' })
    expect(sink.written).toEqual(['data: x\n\n'])
    expect(sink.isEnded).toBe(true)
  })

  test('cuts a stream whose client does not read', async () => {
    const controller = new AbortController()
    const { sink, stream } = open({ signal: controller.signal })
    sink.isSlow = true
    stream.send({ data: 'x' })
    await turn()
    controller.abort()
    expect(await stream.closed).toEqual({ reason: 'aborted' })
    expect(sink.isDestroyed).toBe(true)
  })

  test('closes the stream at once when it has aborted before', async () => {
    const { sink, stream } = open({ signal: AbortSignal.abort() })
    expect(await stream.closed).toEqual({ reason: 'aborted' })
    expect(sink.isEnded).toBe(true)
  })

  test('serves a thousand streams with one listener, and lets go of those that close', async () => {
    const controller = new AbortController()
    const add = vi.spyOn(controller.signal, 'addEventListener')
    const sinks = Array.from({ length: 1_000 }, () => open({ signal: controller.signal }))
    expect(add).toHaveBeenCalledTimes(1)
    const [first, ...rest] = sinks as [ReturnType<typeof open>, ...ReturnType<typeof open>[]]
    first.sink.leave()
    controller.abort()
    expect(await first.stream.closed).toEqual({ reason: 'client' })
    for (const { stream } of rest) expect(await stream.closed).toEqual({ reason: 'aborted' })
  })
})
