// The wire text of one event, byte by byte, and what it refuses.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeEvent, type SseEvent } from '../src/event.js'
import { readWire } from './wire.js'

describe('encodeEvent', () => {
  test.each<[string, SseEvent, string]>([
    ['data', { data: 'foo' }, 'data: foo\n\n'],
    ['an event name', { event: 'price', data: 'x' }, 'event: price\ndata: x\n\n'],
    ['a name without data, so that it arrives', { event: 'done' }, 'event: done\ndata: \n\n'],
    ['empty data', { data: '' }, 'data: \n\n'],
    ['a string id', { id: 'a', data: 'x' }, 'id: a\ndata: x\n\n'],
    ['the id 0', { id: 0, data: 'x' }, 'id: 0\ndata: x\n\n'],
    ['an empty id, which resets', { id: '' }, 'id: \n\n'],
    ['an id alone', { id: 7 }, 'id: 7\n\n'],
    ['retry alone', { retry: 300 }, 'retry: 300\n\n'],
    ['retry 0', { retry: 0 }, 'retry: 0\n\n'],
    ['the longest retry', { retry: 2 ** 53 - 1 }, 'retry: 9007199254740991\n\n'],
    ['a comment alone', { comment: 'hi' }, ': hi\n\n'],
    ['an empty comment', { comment: '' }, ': \n\n'],
    ['a comment of three lines', { comment: 'a\nb\r\nc' }, ': a\n: b\n: c\n\n'],
    [
      'all fields in order, comments first',
      { data: 'foo', retry: 5000, id: '1', event: 'test', comment: 'blah' },
      ': blah\nevent: test\nid: 1\nretry: 5000\ndata: foo\n\n',
    ],
    ['null as JSON', { data: null }, 'data: null\n\n'],
    ['false as JSON', { data: false }, 'data: false\n\n'],
    ['0 as JSON', { data: 0 }, 'data: 0\n\n'],
    ['an object as JSON', { data: { a: [1, 'x\ny'] } }, 'data: {"a":[1,"x\\ny"]}\n\n'],
    ['a leading space', { data: ' foobar' }, 'data:  foobar\n\n'],
    ['a leading colon', { data: ': x' }, 'data: : x\n\n'],
    ['LF, CR and CRLF', { data: 'a\nb\rc\r\nd' }, 'data: a\ndata: b\ndata: c\ndata: d\n\n'],
    [
      'mixed breaks and blank lines',
      { data: 'data\n\r with\nmultiple \rline\r\nbreaks' },
      'data: data\ndata: \ndata:  with\ndata: multiple \ndata: line\ndata: breaks\n\n',
    ],
    ['a trailing LF', { data: 'x\n' }, 'data: x\ndata: \n\n'],
    ['a trailing CR', { data: 'x\r' }, 'data: x\ndata: \n\n'],
    ['a trailing CRLF', { data: 'x\r\n' }, 'data: x\ndata: \n\n'],
    ['a trailing LF and CR', { data: 'x\n\r' }, 'data: x\ndata: \ndata: \n\n'],
    [
      'other Unicode line ends, which are none here',
      { data: 'a\u2028b\u0085c' },
      'data: a\u2028b\u0085c\n\n',
    ],
  ])('writes %s', (_what, event, wire) => {
    expect(encodeEvent(event)).toBe(wire)
  })

  test.each<[string, unknown, string]>([
    [
      'an LF in the event name',
      { event: 'a\nb', data: 'x' },
      'Expected `event` to be one line, got "a\\nb"',
    ],
    ['a CR in the event name', { event: 'a\rb' }, 'Expected `event` to be one line, got "a\\rb"'],
    ['an event name that is no string', { event: 5 }, 'Expected `event` to be a string, got 5'],
    ['an event name null', { event: null, data: 1 }, 'Expected `event` to be a string, got null'],
    [
      'an injected event in the id',
      { id: '1\n\nevent: admin', data: 'x' },
      'Expected `id` to be one line without NUL, got "1\\n\\nevent: admin"',
    ],
    ['a CR in the id', { id: 'a\r' }, 'Expected `id` to be one line without NUL, got "a\\r"'],
    ['a NUL in the id', { id: 'a\0' }, 'Expected `id` to be one line without NUL, got "a\\u0000"'],
    [
      'half a surrogate pair in the id',
      { id: '\ud800' },
      'Expected `id` to be well-formed Unicode, got "\\ud800"',
    ],
    [
      'half a surrogate pair in the name',
      { event: 'a\udc00' },
      'Expected `event` to be well-formed Unicode, got "a\\udc00"',
    ],
    [
      'an id that is neither string nor number',
      { id: {} },
      'Expected `id` to be a string or a number, got an object with the keys []',
    ],
    [
      'a retry that is no number',
      { retry: '1\ndata: pwn' },
      'Expected `retry` to be an integer from 0 to 9007199254740991, got "1\\ndata: pwn"',
    ],
    ['a comment that is no string', { comment: 1 }, 'Expected `comment` to be a string, got 1'],
    [
      'data that JSON cannot carry',
      { data: () => 1 },
      'Expected `data` to be a string or what `serialize` makes one of, got a function',
    ],
    // Who forgot an `await` sent `{}`.
    [
      'a promise as data',
      { data: Promise.resolve(1) },
      'Expected `data` to be a string or what `serialize` makes one of, got an instance of Promise',
    ],
    [
      'a symbol as data',
      { data: Symbol('x') },
      'Expected `data` to be a string or what `serialize` makes one of, got Symbol(x)',
    ],
    [
      'an event without a field',
      {},
      'Expected the event to be an object with event, data, id, retry or comment, got an object with the keys []',
    ],
    [
      'an event whose data is undefined',
      { data: undefined },
      'Expected the event to be an object with event, data, id, retry or comment, got an object with the keys ["data"]',
    ],
    [
      'a string for an event',
      'hello',
      'Expected the event to be an object with event, data, id, retry or comment, got "hello"',
    ],
    [
      'null for an event',
      null,
      'Expected the event to be an object with event, data, id, retry or comment, got null',
    ],
    [
      'nothing for an event',
      undefined,
      'Expected the event to be an object with event, data, id, retry or comment, got undefined',
    ],
  ])('refuses %s', (_what, event, message) => {
    expect(() => encodeEvent(event as SseEvent)).toThrow(new TypeError(message))
  })

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    'refuses retry %d with a RangeError that says what was expected',
    (retry) => {
      expect(() => encodeEvent({ retry })).toThrow(
        new RangeError(
          `Expected \`retry\` to be an integer from 0 to 9007199254740991, got ${retry}`,
        ),
      )
    },
  )

  test.each([Number.NaN, Number.NEGATIVE_INFINITY])('refuses the id %d', (id) => {
    expect(() => encodeEvent({ id })).toThrow(
      new RangeError(`Expected \`id\` to be a finite number, got ${id}`),
    )
  })

  test('shows only the start of a long value in its error', () => {
    expect(() => encodeEvent({ event: `${'x'.repeat(50)}\n` })).toThrow(
      new TypeError(`Expected \`event\` to be one line, got "${'x'.repeat(40)}"...`),
    )
  })

  test('lets the error of a throwing toJSON through', () => {
    const data = {
      toJSON() {
        throw new Error('not today')
      },
    }
    expect(() => encodeEvent({ data })).toThrow('not today')
  })

  test('uses the serializer given for what is no string, and splits its lines', () => {
    const pretty = (data: unknown) => JSON.stringify(data, null, 1)
    expect(encodeEvent({ data: { a: 1 } }, pretty)).toBe('data: {\ndata:  "a": 1\ndata: }\n\n')
    expect(encodeEvent({ data: 'verbatim' }, pretty)).toBe('data: verbatim\n\n')
  })

  test('refuses a serializer that gives no string', () => {
    expect(() => encodeEvent({ data: 1 }, () => undefined as never)).toThrow(
      new TypeError('Expected `data` to be a string or what `serialize` makes one of, got 1'),
    )
  })

  test('brings any text back through a foreign parser, as one event', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.oneof(
            fc.constantFrom('\n', '\r', ':', ' ', '\ufeff', '\0', 'data'),
            fc.string({ unit: 'binary' }),
          ),
        }),
        (data) => {
          const wanted = data.replace(/\r\n?/g, '\n')
          expect(readWire(encodeEvent({ data }))).toEqual([
            { event: 'message', data: wanted, id: undefined },
          ])
        },
      ),
    )
  })

  test('gives one event for any fields, or throws', () => {
    const text = fc.string({
      unit: fc.oneof(fc.constantFrom('\n', '\r', '\0', ':', ' '), fc.string({ unit: 'binary' })),
    })
    fc.assert(
      fc.property(
        fc.record({
          event: text,
          data: fc.oneof(text, fc.jsonValue()),
          id: fc.oneof(text, fc.integer()),
          retry: fc.integer(),
          comment: text,
        }),
        (event) => {
          let wire: string
          try {
            wire = encodeEvent(event)
          } catch (error) {
            expect(error).toSatisfy((e) => e instanceof TypeError || e instanceof RangeError)
            return
          }
          const data =
            typeof event.data === 'string'
              ? event.data.replace(/\r\n?/g, '\n')
              : JSON.stringify(event.data)
          expect(readWire(wire)).toEqual([
            { event: event.event || 'message', data, id: `${event.id}` },
          ])
        },
      ),
    )
  })
})
