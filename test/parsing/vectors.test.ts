// The vectors, through each way to read, wherever they are cut.

import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { type EventsSource, parseEvents, SseParserStream } from '../../src/parser.js'
import { CUTS, decoded, VECTORS } from './vectors.js'

const streamOf = <Chunk>(chunks: Chunk[]) =>
  new ReadableStream<Chunk>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })

async function* generated<Chunk>(chunks: Chunk[]) {
  yield* chunks
}

/** What was seen of a vector, in the words of the vectors. */
interface Seen {
  events: unknown[]
  lastEventId: string
  retry?: number | undefined
  comments: string[]
}

async function read(source: EventsSource): Promise<Seen> {
  const comments: string[] = []
  const retries: number[] = []
  const reader = parseEvents(source, {
    onComment: (comment) => comments.push(comment),
    onRetry: (retryMs) => retries.push(retryMs),
  })
  const events: unknown[] = []
  for await (const event of reader) events.push(event)
  expect(retries.at(-1)).toBe(reader.retryMs)
  return { events, lastEventId: reader.lastEventId, retry: reader.retryMs, comments }
}

async function pipe(source: ReadableStream<Uint8Array>): Promise<Seen> {
  const comments: string[] = []
  const parser = new SseParserStream({ onComment: (comment) => comments.push(comment) })
  const events: unknown[] = []
  const reader = source.pipeThrough(parser).getReader()
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    events.push(step.value)
  }
  return { events, lastEventId: parser.lastEventId, retry: parser.retryMs, comments }
}

const ENTRIES: Record<string, (chunks: Uint8Array[]) => Promise<Seen>> = {
  'a Response': (chunks) =>
    read(new Response(streamOf(chunks), { headers: { 'content-type': 'text/event-stream' } })),
  'a ReadableStream of bytes': (chunks) => read(streamOf(chunks)),
  'a ReadableStream of strings': (chunks) => read(streamOf(decoded(chunks))),
  'a Readable': (chunks) => read(Readable.from(chunks.map((chunk) => Buffer.from(chunk)))),
  'an async iterable of bytes': (chunks) => read(generated(chunks)),
  'an async iterable of strings': (chunks) => read(generated(decoded(chunks))),
  SseParserStream: (chunks) => pipe(streamOf(chunks)),
}

describe.each(Object.entries(ENTRIES))('the vectors through %s', (_entry, see) => {
  test.each(Object.entries(CUTS))('give what a browser makes of them, %s', async (_cut, cut) => {
    expect(VECTORS.length).toBe(216)
    for (const { id, chunks, expected } of VECTORS) {
      const { events, lastEventId, retry, comments } = await see(cut(chunks))
      const seen = { events, lastEventId, ...(retry !== undefined && { retry }) }
      const { comments: expectedComments, ...rest } = expected
      expect(seen, id).toEqual(rest)
      if (expectedComments !== undefined) expect(comments, id).toEqual(expectedComments)
    }
  })
})
