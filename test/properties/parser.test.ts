// Whatever bytes come, and wherever they are cut: the parser makes of them what the standard says.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseEvents, SseParserStream } from '../../src/parser.js'
import { type Read, readBytes, readText } from '../parsing/standard.js'
import { joined, VECTORS } from '../parsing/vectors.js'
import { patience, runs } from './runs.js'

const encoder = new TextEncoder()

async function readByUs(chunks: readonly (string | Uint8Array)[]): Promise<Read> {
  const comments: string[] = []
  const source = (async function* () {
    yield* chunks
  })()
  const reader = parseEvents(source, { onComment: (comment) => comments.push(comment) })
  const events: Read['events'] = []
  for await (const event of reader) events.push(event)
  return { events, lastEventId: reader.lastEventId, retryMs: reader.retryMs, comments }
}

async function pipeThroughUs(chunks: readonly Uint8Array[]): Promise<Read> {
  const comments: string[] = []
  const parser = new SseParserStream({ onComment: (comment) => comments.push(comment) })
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
  const events: Read['events'] = []
  const reader = source.pipeThrough(parser).getReader()
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    events.push(step.value)
  }
  return { events, lastEventId: parser.lastEventId, retryMs: parser.retryMs, comments }
}

/** Bytes that mean something in a stream, alone or as halves of characters and line ends. */
const telling = fc.constantFrom(
  ...['\n', '\r', '\r\n', '\n\n', '\r\r', ':', ' ', ': ', '\0', '\t'],
  ...['data', 'data:', 'data: ', 'event: ', 'id: ', 'id', 'retry: ', 'retry:', 'Data:', 'data :'],
  ...['\uFEFF', '\uFFFD', 'é', '€', '😀', '\u2028', '\u0085', '٣', '12', '0', '+1', '1e3'],
)
const halves = fc.constantFrom(
  ...[[0xef], [0xbb], [0xbf], [0xef, 0xbb], [0xc3], [0xe2, 0x82], [0xf0, 0x9f], [0x80]],
  ...[[0xed, 0xa0, 0x80], [0xc0, 0x8a], [0xf4, 0x90], [0xff]],
)
const bytes = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: telling.map((text) => encoder.encode(text)) },
      { weight: 2, arbitrary: halves.map((values) => Uint8Array.from(values)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6 }) },
    ),
    { maxLength: 40, size: 'max' },
  )
  .map(joined)

/** A vector with some of it taken out, doubled or replaced. */
const mutated = fc
  .tuple(
    fc.constantFrom(...VECTORS),
    fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(6), bytes), {
      maxLength: 4,
    }),
  )
  .map(([{ chunks }, changes]) =>
    changes.reduce(
      (whole, [where, length, piece]) => {
        const at = Math.floor(where * whole.length)
        return joined([whole.subarray(0, at), piece, whole.subarray(at + length)])
      },
      joined(chunks).subarray(0, 4_000),
    ),
  )

/** Where to cut: fractions of the whole. One and the same place twice gives an empty chunk. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })

function cutUp<Whole extends string | Uint8Array>(whole: Whole, at: readonly number[]): Whole[] {
  const places = [0, ...at.map((part) => Math.round(part * whole.length)), whole.length]
  places.sort((one, other) => one - other)
  return places.slice(1).map((end, index) => whole.slice(places[index], end) as Whole)
}

describe('the second reading of the standard', () => {
  test('makes of every vector what a browser makes of it', () => {
    expect(VECTORS.length).toBe(216)
    for (const { id, chunks, expected } of VECTORS) {
      const { retryMs, comments, ...read } = readBytes(joined(chunks))
      const { comments: expectedComments = comments, ...rest } = expected
      expect({ ...read, ...(retryMs !== undefined && { retry: retryMs }) }, id).toEqual(rest)
      expect(comments, id).toEqual(expectedComments)
    }
  })
})

describe('any bytes', () => {
  test('are read as the standard says, cut anywhere', patience, async () => {
    let events = 0
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes, mutated), cuts, async (whole, at) => {
        const expected = readBytes(whole)
        events += expected.events.length
        expect(await readByUs(cutUp(whole, at))).toEqual(expected)
        expect(await pipeThroughUs(cutUp(whole, at))).toEqual(expected)
      }),
      runs(4_000),
    )
    expect(events).toBeGreaterThan(1_000)
  })

  test('are read the same one by one', patience, async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes, mutated), async (whole) => {
        const each = Array.from(whole, (byte) => Uint8Array.of(byte))
        expect(await readByUs(each)).toEqual(readBytes(whole))
      }),
      runs(500),
    )
  })

  test('are read the same as text that was decoded elsewhere', patience, async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes, mutated), cuts, async (whole, at) => {
        const text = new TextDecoder().decode(whole)
        expect(await readByUs(cutUp(text, at))).toEqual(readText(text))
      }),
      runs(2_000),
    )
  })
})
