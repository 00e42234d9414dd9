// What `sendAll` reads, and how it lets go of it.

import { EventEmitter, on } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { Observable } from 'rxjs'
import { describe, expect, test, vi } from 'vitest'
import type { SseStream } from '../src/index.js'
import { type FakeSink, turn } from './fake-sink.js'
import { open } from './fake-stream.js'
import { readWire } from './wire.js'

const dataOf = (sink: FakeSink) => readWire(sink.text).map(({ data }) => data)

const webStreamOf = <Item>(...items: Item[]) =>
  new ReadableStream<Item>({
    start(controller) {
      for (const item of items) controller.enqueue(item)
      controller.close()
    },
  })

/** Endless, and tells whether it was put away. */
function ticking() {
  const state = { pulled: 0, isPutAway: false }
  async function* source() {
    try {
      for (;;) yield `${state.pulled++}`
    } finally {
      state.isPutAway = true
    }
  }
  return { state, source: source() }
}

describe('SseStream#sendAll', () => {
  test('sends strings as data and objects as events', async () => {
    const { sink, stream } = open()
    await stream.sendAll(['a', { event: 'b', data: { c: 1 }, id: 0 }, 'x\ny'])
    expect(readWire(sink.text)).toEqual([
      { event: 'message', data: 'a', id: undefined },
      { event: 'b', data: '{"c":1}', id: '0' },
      { event: 'message', data: 'x\ny', id: undefined },
    ])
    expect(stream.state).toBe('open')
  })

  test('maps items by toEvent, whatever they are', async () => {
    const { sink, stream } = open()
    await stream.sendAll(new Set([1, 2]), (n) => ({ event: 'n', data: n * 2 }))
    expect(readWire(sink.text).map(({ event, data }) => event + data)).toEqual(['n2', 'n4'])
  })

  test('sends the items of an iterable as one chunk', async () => {
    const { sink, stream } = open()
    await stream.sendAll(['1', '2', '3'])
    expect(sink.written).toHaveLength(1)
  })

  test('sends an async generator', async () => {
    const { sink, stream } = open()
    await stream.sendAll(
      (async function* () {
        yield '1'
        await turn()
        yield '2'
      })(),
    )
    expect(dataOf(sink)).toEqual(['1', '2'])
  })

  test('reads bytes cut inside characters as one text', async () => {
    const text = 'price: 5 € — 😀!'
    const bytes = [...Buffer.from(text)].map((byte) => Buffer.from([byte]))
    const { sink, stream } = open()
    await stream.sendAll(Readable.from(bytes))
    expect(dataOf(sink).join('')).toBe(text)
    expect(dataOf(sink)).not.toContain('')
  })

  test('hands bytes to toEvent as text', async () => {
    const { sink, stream } = open()
    const seen: string[] = []
    await stream.sendAll(
      Readable.from([Buffer.from([0xe2]), Buffer.from([0x82, 0xac])]),
      (text) => {
        seen.push(text)
        return { data: text }
      },
    )
    expect(seen).toEqual(['€'])
    expect(dataOf(sink)).toEqual(['€'])
  })

  test('shows an unfinished character at the end as U+FFFD, and keeps a byte order mark', async () => {
    const { sink, stream } = open()
    await stream.sendAll([Buffer.from('\ufeffx'), new Uint8Array([0xe2, 0x82])])
    expect(dataOf(sink)).toEqual(['\ufeffx', '\ufffd'])
  })

  test('sends a web stream of bytes and one of objects', async () => {
    const { sink, stream } = open()
    await stream.sendAll(new Blob(['héllo']).stream())
    await stream.sendAll(webStreamOf({ event: 'a', data: 1 }))
    expect(dataOf(sink)).toEqual(['héllo', '1'])
  })

  test('sends a Node Readable in object mode and with an encoding', async () => {
    const { sink, stream } = open()
    await stream.sendAll(Readable.from([{ data: 1 }, 'two']))
    const file = new PassThrough()
    file.setEncoding('utf8')
    file.end('three')
    await stream.sendAll(file)
    expect(dataOf(sink)).toEqual(['1', 'two', 'three'])
  })

  test.each([undefined, null, 5, 'a string', new Uint8Array(3), {}, () => {}])(
    'rejects %o, which is no source',
    async (source) => {
      const { stream } = open()
      await expect(stream.sendAll(source as never)).rejects.toThrow(
        /^Expected the source to be an iterable \(no string\), a stream or an observable, got /,
      )
      expect(stream.state).toBe('open')
    },
  )

  test('rejects a toEvent that is no function', async () => {
    const { stream } = open()
    await expect(stream.sendAll(['x'], 'y' as never)).rejects.toThrow(
      new TypeError('Expected `toEvent` to be a function, got "y"'),
    )
  })

  test('rejects a locked web stream at once', async () => {
    const { stream } = open()
    const source = new ReadableStream()
    source.getReader()
    await expect(stream.sendAll(source)).rejects.toThrow(TypeError)
  })

  test.each([[5], [null], [{}], [{ id: 'a\nb' }]])(
    'rejects the item %o with what was expected, sends what came before, and puts the source away',
    async (item) => {
      const { sink, stream } = open()
      const wasPutAway = vi.fn()
      const source = (async function* () {
        try {
          yield 'before'
          yield item
          yield 'after'
        } finally {
          wasPutAway()
        }
      })()
      await expect(stream.sendAll(source as never)).rejects.toThrow(/^Expected /)
      expect(wasPutAway).toHaveBeenCalled()
      expect(stream.state).toBe('open')
      stream.send({ data: 'still open' })
      await turn()
      expect(dataOf(sink)).toEqual(['before', 'still open'])
    },
  )

  test("rejects with the source's own error and leaves the stream open", async () => {
    const { sink, stream } = open()
    const error = new Error('no more')
    const failing = async function* () {
      yield 'x'
      throw error
    }
    await expect(stream.sendAll(failing())).rejects.toBe(error)
    const readable = new Readable({ read: () => {} })
    const sending = stream.sendAll(readable)
    readable.destroy(error)
    await expect(sending).rejects.toBe(error)
    await expect(
      stream.sendAll(new ReadableStream({ start: (controller) => controller.error(error) })),
    ).rejects.toBe(error)
    await expect(
      stream.sendAll(['x'], () => {
        throw error
      }),
    ).rejects.toBe(error)
    expect(stream.state).toBe('open')
    expect(dataOf(sink)).toEqual(['x'])
  })

  test('pulls no faster than the client takes', async () => {
    const { sink, stream } = open()
    sink.isSlow = true
    const { state, source } = ticking()
    void stream.sendAll(source)
    await turn()
    expect(state.pulled).toBeLessThanOrEqual(3)
    const before = state.pulled
    for (let i = 0; i < 10; i++) {
      sink.take()
      await turn()
    }
    expect(state.pulled).toBeLessThanOrEqual(before + 20)
    expect(stream.bufferedBytes).toBeLessThan(100)
    stream.destroy()
  })

  test('reads an endless iterable no faster than the client takes', async () => {
    const { sink, stream } = open()
    sink.isSlow = true
    let pulled = 0
    function* endless() {
      for (;;) yield `${pulled++}`.padEnd(1_000)
    }
    void stream.sendAll(endless())
    await turn()
    expect(pulled).toBeLessThan(100)
    stream.destroy()
    await turn()
    expect(pulled).toBeLessThan(100)
  })
})

describe('a source whose stream closes', () => {
  const closings: [string, (sink: FakeSink, stream: SseStream) => void][] = [
    ['the client leaves', (sink) => sink.leave()],
    ['the stream is ended', (_sink, stream) => void stream.end()],
    ['the stream is destroyed', (_sink, stream) => stream.destroy()],
  ]

  describe.each(closings)('because %s', (_what, close) => {
    test('is returned if it is a generator at its yield, and sendAll settles', async () => {
      const { sink, stream } = open()
      sink.isSlow = true
      const { state, source } = ticking()
      const sending = stream.sendAll(source)
      await turn()
      close(sink, stream)
      await sending
      await turn()
      expect(state.isPutAway).toBe(true)
    })

    test('does not keep sendAll waiting if it is a generator that waits itself', async () => {
      const { sink, stream } = open()
      let isPutAway = false
      const idle = async function* () {
        try {
          await new Promise((resolve) => stream.signal.addEventListener('abort', resolve))
          yield 'late'
        } finally {
          isPutAway = true
        }
      }
      const sending = stream.sendAll(idle())
      await turn()
      close(sink, stream)
      await sending
      await turn()
      expect(isPutAway).toBe(true)
      expect(sink.text).toBe('')
    })

    test('is returned if it is an iterator of events', async () => {
      const { sink, stream } = open()
      const emitter = new EventEmitter()
      const sending = stream.sendAll(on(emitter, 'tick'), ([data]) => ({ data }))
      emitter.emit('tick', 'x')
      await turn()
      close(sink, stream)
      await sending
      await turn()
      expect(emitter.listenerCount('tick')).toBe(0)
      expect(dataOf(sink)).toEqual(['x'])
    })

    test('is destroyed if it is a Node Readable that gives nothing', async () => {
      const { sink, stream } = open()
      const source = new Readable({ read: () => {} })
      const sending = stream.sendAll(source)
      await turn()
      close(sink, stream)
      await sending
      expect(source.destroyed).toBe(true)
      await turn()
    })

    test('is cancelled if it is a web stream that gives nothing', async () => {
      const { sink, stream } = open()
      const cancel = vi.fn()
      const sending = stream.sendAll(new ReadableStream({ cancel }))
      await turn()
      close(sink, stream)
      await sending
      expect(cancel).toHaveBeenCalledTimes(1)
    })

    test('is unsubscribed if it is an observable', async () => {
      const { sink, stream } = open()
      const unsubscribe = vi.fn()
      const source = new Observable<string>((subscriber) => {
        subscriber.next('x')
        return unsubscribe
      })
      const sending = stream.sendAll(source)
      close(sink, stream)
      await sending
      expect(unsubscribe).toHaveBeenCalledTimes(1)
    })

    test('may fail on its way out without a word', async () => {
      const { sink, stream } = open()
      const source = {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise<never>(() => {}),
          return: () => Promise.reject(new Error('cannot stop')),
        }),
      }
      const sending = stream.sendAll(source)
      const failing = stream.sendAll(
        new ReadableStream({ cancel: () => Promise.reject(new Error('x')) }),
      )
      close(sink, stream)
      await Promise.all([sending, failing])
      await turn()
    })
  })

  test('is put away without being read when the stream was closed before', async () => {
    const { sink, stream } = open()
    sink.leave()
    const readable = new Readable({ read: vi.fn() })
    const cancel = vi.fn()
    const subscribe = vi.fn()
    const next = vi.fn()
    const putBack = vi.fn()
    await stream.sendAll(readable)
    await stream.sendAll(new ReadableStream({ cancel }))
    await stream.sendAll({ subscribe })
    await stream.sendAll({ [Symbol.asyncIterator]: () => ({ next, return: putBack }) })
    expect(readable.destroyed).toBe(true)
    expect(cancel).toHaveBeenCalledTimes(1)
    expect(subscribe).not.toHaveBeenCalled()
    expect(next).not.toHaveBeenCalled()
    expect(putBack).toHaveBeenCalledTimes(1)
    readable.emit('error', new Error('late'))
  })

  test('leaves nothing on the stream when it is done', async () => {
    const { stream } = open()
    const add = vi.spyOn(stream.signal, 'addEventListener')
    for (let i = 0; i < 100; i++) await stream.sendAll(['x'])
    expect(add).not.toHaveBeenCalled()
  })
})
