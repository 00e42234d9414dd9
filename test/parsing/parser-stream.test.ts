// SseParserStream between web streams.

import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { defineEvents, SseParserStream } from '../../src/parser.js'
import { rejection, TestStream, thenBlocked, thenEnded } from './sources.js'

const message = (data: string, id = '') => ({ event: 'message', data, id })

async function drain<Item>(stream: ReadableStream<Item>): Promise<Item[]> {
  const reader = stream.getReader()
  const items: Item[] = []
  for (let step = await reader.read(); !step.done; step = await reader.read())
    items.push(step.value)
  return items
}

describe('SseParserStream', () => {
  test('turns text or bytes into events', async () => {
    const parser = new SseParserStream()
    const source = new TestStream(
      thenEnded<string | Uint8Array>('id: 1\nda', new TextEncoder().encode('ta: a\n\nid: 2\n\n')),
    )
    expect(await drain(source.stream.pipeThrough(parser))).toEqual([message('a', '1')])
    expect(parser.lastEventId).toBe('2')
  })

  test('reads no more than its consumer takes', async () => {
    const source = new TestStream((index) => `data: ${index}\n\n`)
    const reader = source.stream.pipeThrough(new SseParserStream()).getReader()
    await reader.read()
    await new Promise((resolve) => setImmediate(resolve))
    expect(source.pulls).toBeLessThan(4)
    await reader.cancel()
  })

  test('decodes by its contract, waiting for validators that take their time', async () => {
    const events = defineEvents({ price: z.number().refine(async (price) => price > 0) })
    const wire = [1, 2, -3, 4].map((price) => `event: price\ndata: ${price}\n\n`)
    const source = new TestStream(thenEnded(wire.join('')))
    const parser = new SseParserStream({ events, onInvalid: 'skip' })
    expect((await drain(source.stream.pipeThrough(parser))).map(({ data }) => data)).toEqual([
      1, 2, 4,
    ])
  })

  test('fails as a reader would, and cancels what is piped into it', async () => {
    const source = new TestStream(thenBlocked('data: a\n\ndata: x\n\n'))
    const piped = source.stream.pipeThrough(
      new SseParserStream({ events: defineEvents({ message: z.number() }) }),
    )
    const error = await rejection(piped.getReader().read())
    expect(error).toMatchObject({ code: 'ERR_SSE_INVALID', data: 'a' })
    await expect.poll(() => source.cancelled).toEqual([error])
  })

  test('fails early for what is too large', async () => {
    const source = new TestStream(() => 'x'.repeat(100))
    const piped = source.stream.pipeThrough(new SseParserStream({ maxEventBytes: 1_000 }))
    expect(await rejection(piped.getReader().read())).toMatchObject({ code: 'ERR_SSE_TOO_LARGE' })
    expect(source.pulls).toBeLessThan(14)
  })

  test('ends with until, and cancels what is piped into it', async () => {
    const source = new TestStream(thenBlocked('data: a\n\ndata: [DONE]\n\ndata: b\n\n'))
    const parser = new SseParserStream({ until: ({ data }) => data === '[DONE]' })
    expect(await drain(source.stream.pipeThrough(parser))).toEqual([message('a')])
    await expect.poll(() => source.cancelled.length).toBe(1)
  })

  test('discards a last event without its blank line, or dispatches it', async () => {
    const text = 'data: a\n\ndata: b'
    for (const [unterminated, expected] of [
      ['discard', ['a']],
      ['dispatch', ['a', 'b']],
    ] as const) {
      const { stream } = new TestStream(thenEnded(text))
      const events = await drain(stream.pipeThrough(new SseParserStream({ unterminated })))
      expect(events.map(({ data }) => data)).toEqual(expected)
    }
  })

  test('can be given up by the signal of the pipe', async () => {
    const source = new TestStream(thenBlocked('data: a\n\n'))
    const abort = new AbortController()
    const reader = source.stream
      .pipeThrough(new SseParserStream(), { signal: abort.signal })
      .getReader()
    await reader.read()
    const blocked = rejection(reader.read())
    abort.abort(new Error('enough'))
    expect((await blocked).message).toBe('enough')
    expect(source.cancelled.length).toBe(1)
  })

  test('refuses bad options', () => {
    expect(() => new SseParserStream({ maxEventBytes: -1 })).toThrow(RangeError)
    expect(() => new SseParserStream({ events: {} as never })).toThrow(TypeError)
  })
})
