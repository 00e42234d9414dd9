// Whatever reads it, it behaves as a ReadableStream without the shorter way does: each test runs on both.

import { describe, expect, test } from 'vitest'
import { DirectReadable, type ReadableListener } from '../../src/adapters/direct-readable.js'

/** What both can do. */
interface Filled {
  readable: ReadableStream<Uint8Array>
  enqueue(chunk: Uint8Array): unknown
  close(): void
  error(error: unknown): void
}

function direct(listener: ReadableListener): Filled {
  const readable = new DirectReadable(listener)
  return {
    readable,
    enqueue: (chunk) => readable.enqueue(chunk),
    close: () => readable.close(),
    error: (error) => readable.error(error),
  }
}

function plain(listener: ReadableListener): Filled {
  let controller: unknown
  const readable = new ReadableStream<Uint8Array>(
    {
      start: (started) => {
        controller = started
      },
      pull: () => listener.onPull(),
      cancel: () => listener.onCancel(),
    },
    { highWaterMark: 0 },
  )
  return { readable, ...bound(controller as ReadableStreamDefaultController<Uint8Array>) }
}

const bound = (controller: ReadableStreamDefaultController<Uint8Array>) => ({
  enqueue: (chunk: Uint8Array) => controller.enqueue(chunk),
  close: () => controller.close(),
  error: (error: unknown) => controller.error(error),
})

const chunk = (n: number) => Uint8Array.of(n)

/** What came of reads: the number in a chunk, 'done', or an error. */
const outcome = (read: Promise<ReadableStreamReadResult<Uint8Array>>) =>
  read.then(
    ({ done, value }) => (done ? 'done' : value[0]),
    (error: unknown) => (error instanceof TypeError ? 'TypeError' : error),
  )

describe.each([
  ['a DirectReadable', direct],
  ['a ReadableStream', plain],
])('%s', (_what, make) => {
  function made() {
    const heard: string[] = []
    const filled = make({
      onPull: () => heard.push('pull'),
      onCancel: () => heard.push('cancel'),
    })
    return { ...filled, heard }
  }

  test('gives chunks in order, whether reads or chunks come first', async () => {
    const { readable, enqueue } = made()
    const reader = readable.getReader()
    enqueue(chunk(1))
    enqueue(chunk(2))
    const reads = [reader.read(), reader.read(), reader.read(), reader.read()]
    enqueue(chunk(3))
    enqueue(chunk(4))
    enqueue(chunk(5))
    expect(await Promise.all([...reads, reader.read()].map(outcome))).toEqual([1, 2, 3, 4, 5])
  })

  test('asks for more when a reader waits, and not before', async () => {
    const { readable, enqueue, heard } = made()
    enqueue(chunk(1))
    const reader = readable.getReader()
    await reader.read()
    await Promise.resolve()
    expect(heard).toEqual([])
    const read = reader.read()
    expect(heard).toEqual(['pull'])
    enqueue(chunk(2))
    expect(await outcome(read)).toBe(2)
  })

  test('ends reads that wait, and all after them', async () => {
    const { readable, close } = made()
    const reader = readable.getReader()
    const reads = [reader.read(), reader.read()]
    close()
    expect(await Promise.all([...reads, reader.read()].map(outcome))).toEqual(Array(3).fill('done'))
    expect(await reader.closed).toBeUndefined()
  })

  test('fails reads that wait, and all after them, with its error', async () => {
    const { readable, error } = made()
    const reader = readable.getReader()
    const reads = [reader.read(), reader.read()]
    error('cut')
    expect(await Promise.all([...reads, reader.read()].map(outcome))).toEqual(Array(3).fill('cut'))
    await expect(reader.closed).rejects.toBe('cut')
  })

  test('ends reads that wait when it is cancelled', async () => {
    const { readable, heard } = made()
    const reader = readable.getReader()
    const read = reader.read()
    await reader.cancel()
    expect(await outcome(read)).toBe('done')
    expect(await outcome(reader.read())).toBe('done')
    expect(heard.at(-1)).toBe('cancel')
  })

  test('is locked by its reader, and goes on with the next', async () => {
    const { readable, enqueue } = made()
    const first = readable.getReader()
    expect(readable.locked).toBe(true)
    expect(() => readable.getReader()).toThrow(TypeError)
    const read = outcome(first.read())
    first.releaseLock()
    expect(await read).toBe('TypeError')
    expect(await outcome(first.read())).toBe('TypeError')
    enqueue(chunk(1))
    const second = readable.getReader()
    expect(await outcome(second.read())).toBe(1)
    const waiting = second.read()
    enqueue(chunk(2))
    expect(await outcome(waiting)).toBe(2)
  })

  test('is iterated, piped and teed after a reader has let go', async () => {
    for (const consume of [
      async (readable: ReadableStream<Uint8Array>) => {
        const seen: unknown[] = []
        for await (const value of readable) seen.push(value[0])
        return seen
      },
      async (readable: ReadableStream<Uint8Array>) => {
        const seen: unknown[] = []
        await readable.pipeTo(new WritableStream({ write: (value) => void seen.push(value[0]) }))
        return seen
      },
      async (readable: ReadableStream<Uint8Array>) => {
        const [one] = readable.tee()
        return [...new Uint8Array(await new Response(one).arrayBuffer())]
      },
    ]) {
      const { readable, enqueue, close } = made()
      const reader = readable.getReader()
      const read = reader.read()
      enqueue(chunk(1))
      await read
      reader.releaseLock()
      const seen = consume(readable)
      enqueue(chunk(2))
      enqueue(chunk(3))
      close()
      expect(await seen).toEqual([2, 3])
    }
  })

  test('has no reader for bytes', () => {
    expect(() => made().readable.getReader({ mode: 'byob' })).toThrow(TypeError)
  })
})
