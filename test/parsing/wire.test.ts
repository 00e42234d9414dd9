// From wire text to events, and the bound on the size of one.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseEvents } from '../../src/parser.js'
import { all, generated, rejection, TestStream } from './sources.js'
import { readText } from './standard.js'
import { joined, VECTORS } from './vectors.js'

const encoder = new TextEncoder()

async function read(chunks: (string | Uint8Array)[]) {
  const comments: string[] = []
  const reader = parseEvents(generated(...chunks), {
    onComment: (comment) => comments.push(comment),
  })
  const events = await all(reader)
  return { events, lastEventId: reader.lastEventId, retryMs: reader.retryMs, comments }
}

/** Wire text with all that is special to it, close together. */
const wireText = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('\n', '\r', '\r\n', '\n\n') },
      { weight: 6, arbitrary: fc.constantFrom('data:', 'data: ', 'data', 'event: ', 'id: ', 'id') },
      fc.constantFrom('retry: ', 'retry:12', ':', ': ', ' ', '\0', '\uFEFF', 'ï»¿', 'datum: '),
      { weight: 3, arbitrary: fc.constantFrom('a', '7', 'é', '€', '😀', 'x'.repeat(20)) },
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''))

/** Where to cut: fractions of the whole. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })

function cutUp<Whole extends string | Uint8Array>(whole: Whole, at: number[]): Whole[] {
  const places = [0, ...at.map((part) => Math.round(part * whole.length)), whole.length]
  places.sort((one, other) => one - other)
  return places.slice(1).map((end, index) => whole.slice(places[index], end) as Whole)
}

describe('wire text', () => {
  test('is read as the standard says, wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(wireText, cuts, async (text, at) => {
        const expected = readText(text)
        expect(await read(cutUp(text, at))).toEqual(expected)
        // A decoder takes one byte order mark for its own.
        expect(await read(cutUp(encoder.encode(`\uFEFF${text}`), at))).toEqual(expected)
      }),
      { numRuns: 2_000 },
    )
  })

  test('gives each event with the byte that completes it, not one later', async () => {
    for (const { id, chunks } of VECTORS) {
      const bytes = joined(chunks)
      let given = 0
      let pulls = 0
      const source = new TestStream((index) => {
        pulls = index
        return bytes[index] === undefined ? undefined : bytes.subarray(index, index + 1)
      })
      for await (const _event of parseEvents(source.stream)) {
        given++
        const text = new TextDecoder().decode(bytes.subarray(0, pulls))
        // One byte less would not have been enough for as many.
        expect(readText(text).events.length, id).toBe(given - 1)
      }
    }
  })

  test('of bytes is decoded as one text, ASCII or not, in chunks that end anywhere', async () => {
    const text = `data: ${'ascii '.repeat(50)}\n\ndata: ${'ünï€😀'.repeat(50)}\n\n`.repeat(20)
    const expected = readText(text).events
    for (const size of [1, 7, 64, 1_000, 100_000]) {
      const bytes = encoder.encode(text)
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      )
      expect((await read(chunks)).events).toEqual(expected)
    }
  })

  test('has names that objects have, too', async () => {
    const names = ['__proto__', 'constructor', 'toString']
    const events = await all(
      parseEvents(generated(names.map((name) => `event: ${name}\ndata\n\n`).join(''))),
    )
    expect(events).toEqual(names.map((event) => ({ event, data: '', id: '' })))
  })
})

const tooLarge = { name: 'SseError', code: 'ERR_SSE_TOO_LARGE' }

describe('maxEventBytes', () => {
  /** An event of 40 bytes of data, id and name, 15 of them in the id and the name. */
  const EVENTS: Record<string, string> = {
    'one line': `event: name-5\nid: id-id-id-9\ndata: ${'x'.repeat(22)}\n\n`,
    'one line of longer characters': `event: name-5\nid: id-id-id-9\ndata: ${'x€😀'.repeat(2)}${'y'.repeat(6)}\n\n`,
    'several lines': `data: ${'x'.repeat(10)}\nevent: name-5\rdata: ${'y'.repeat(11)}\r\nid: id-id-id-9\r\r`,
  }

  test.each(Object.entries(EVENTS))(
    'counts data, id and name of %s, however it is cut',
    async (_name, text) => {
      const [event] = readText(text).events
      const bytes = encoder.encode(`${event?.data}${event?.event}${event?.id}`).length
      const before = 'data: before\n\n'
      for (const cut of [
        [before + text],
        [...(before + text)],
        [before, text],
        Array.from(before + text),
      ]) {
        for (const chunks of [cut, cut.map((chunk) => encoder.encode(chunk))]) {
          const fits = await all(
            parseEvents(generated<string | Uint8Array>(...chunks), { maxEventBytes: bytes }),
          )
          expect(fits[1]).toEqual(event)
          const source = generated<string | Uint8Array>(...chunks)
          const reader = parseEvents(source, { maxEventBytes: bytes - 1 })
          expect((await reader.next()).value?.data).toBe('before')
          expect(await rejection(reader.next())).toMatchObject(tooLarge)
          expect(await source.next()).toEqual({ done: true, value: undefined })
        }
      }
    },
  )

  test('lets an event of exactly that size through, in any cut of its text', async () => {
    const text = fc.array(fc.constantFrom('a', 'é', '€', '😀'), { minLength: 1, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(text, cuts, async (characters, at) => {
        const data = characters.join('')
        const maxEventBytes = encoder.encode(`${data}message`).length
        const wire = `event: message\ndata: ${data}\n\n`
        const fits = await all(parseEvents(generated(...cutUp(wire, at)), { maxEventBytes }))
        expect(fits.map((event) => event.data)).toEqual([data])
        const less = parseEvents(generated(...cutUp(wire, at)), {
          maxEventBytes: maxEventBytes - 1,
        })
        expect(await rejection(less.next())).toMatchObject(tooLarge)
      }),
    )
  })

  test('counts a character that chunks cut in two as one', async () => {
    const data = '😀'.repeat(20)
    for (const chunks of [`data: ${data}\n\n`.split(''), [...`data: ${data}\n\n`]]) {
      const events = await all(parseEvents(generated(...chunks), { maxEventBytes: 80 }))
      expect(events.map((event) => event.data)).toEqual([data])
    }
  })

  test('lets nothing behind what is too large move the id on', async () => {
    const chunk = `id: 1\ndata: a\n\ndata: ${'€'.repeat(50)}\n\nid: 2\n\nid: 3\ndata: b\n\n`
    const reader = parseEvents(generated(chunk), { maxEventBytes: 100 })
    await reader.next()
    expect(reader.lastEventId).toBe('1')
    expect(await rejection(reader.next())).toMatchObject(tooLarge)
    expect(reader.lastEventId).toBe('1')
  })

  test('is 1 MiB unless it is said', async () => {
    const fits = 'x'.repeat(1_048_576)
    for (const chunk of [`data: ${fits}\n\n`, encoder.encode(`data: ${fits}\n\n`)]) {
      expect((await all(parseEvents(generated<string | Uint8Array>(chunk)))).length).toBe(1)
    }
    const error = await rejection(parseEvents(generated(`data: ${fits}x\n\n`)).next())
    expect(error).toMatchObject(tooLarge)
  })

  test.each(['data: x', ': comment', 'event: x', 'id: x', 'retry: 1', 'unknown: x', 'data', ''])(
    'refuses a line that begins with %j and never ends, before more than that is held',
    async (beginning) => {
      const piece = encoder.encode('x'.repeat(1_000))
      for (const onComment of [undefined, () => {}]) {
        const source = new TestStream((index) => (index === 0 ? encoder.encode(beginning) : piece))
        const reader = parseEvents(source.stream, { maxEventBytes: 20_000, onComment })
        expect(await rejection(reader.next())).toMatchObject(tooLarge)
        expect(source.pulls).toBeLessThan(23)
        expect(source.cancelled.length).toBe(1)
      }
    },
  )

  test('refuses an event that never ends, before more than that is held', async () => {
    for (const line of ['data: 1234\n', `data: ${'x'.repeat(500)}\r\n`]) {
      const source = new TestStream(() => line)
      const reader = parseEvents(source.stream, { maxEventBytes: 20_000 })
      expect(await rejection(reader.next())).toMatchObject(tooLarge)
      expect(source.pulls * (line.trim().length - 5)).toBeLessThan(21_000)
    }
  })

  test('refuses one big event, comment or id inside one chunk, after what came before it', async () => {
    for (const big of ['data: ', ':', 'id:', 'event: x\ndata: ']) {
      const chunk = `data: before\n\n${big}${'x'.repeat(30_000)}\n\ndata: behind\n\n`
      const reader = parseEvents(generated(chunk), { maxEventBytes: 20_000, onComment: () => {} })
      expect((await reader.next()).value?.data).toBe('before')
      expect(await rejection(reader.next())).toMatchObject(tooLarge)
      expect(await reader.next()).toEqual({ done: true, value: undefined })
    }
  })

  test('does not count what comes between events, however much it is', async () => {
    const chunk = ': heartbeat\n\nid: 5\n\nretry: 1000\n\nunknown: x\n\n'.repeat(1_000)
    const events = await all(parseEvents(generated(chunk, 'data: a\n\n'), { maxEventBytes: 20 }))
    expect(events).toEqual([{ event: 'message', data: 'a', id: '5' }])
  })

  test('holds flat memory while a line that never ends is read', async () => {
    const piece = encoder.encode('x'.repeat(65_536))
    const before = process.memoryUsage().arrayBuffers
    let bytes = 0
    const source = new TestStream((index) => {
      bytes += piece.length
      return index === 0 ? encoder.encode('data: ') : piece.slice()
    })
    expect(await rejection(parseEvents(source.stream).next())).toMatchObject(tooLarge)
    expect(bytes).toBeLessThan(1_048_576 + 4 * piece.length)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1_048_576)
  })
})
