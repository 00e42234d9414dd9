// What a contract makes of events that are read: by each of its validators, and where they fail.

import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import {
  defineEvents,
  type InvalidEvent,
  parseEvents,
  type StandardSchema,
  text,
} from '../../src/parser.js'
import { all, generated, rejection, TestStream, thenBlocked } from './sources.js'

const LIBRARIES: Record<string, StandardSchema<{ cents: number }>> = {
  'zod 4': z.object({ cents: z.number() }),
  'zod 4, asynchronous': z.object({ cents: z.number().refine(async (cents) => cents > 0) }),
  valibot: v.object({ cents: v.number() }),
  'valibot, asynchronous': v.objectAsync({
    cents: v.pipeAsync(
      v.number(),
      v.checkAsync(async (cents) => cents > 0),
    ),
  }),
  arktype: type({ cents: 'number' }),
}

describe.each(Object.entries(LIBRARIES))('a contract of %s', (_library, schema) => {
  const events = defineEvents({ price: schema })

  test('gives typed data, in order', async () => {
    const wire = [1, 2, 3].map(
      (cents) => `event: price\nid: ${cents}\ndata: {"cents":${cents}}\n\n`,
    )
    const reader = parseEvents(generated(wire.join('')), { events })
    const seen: unknown[] = []
    for await (const event of reader) seen.push({ ...event, resume: reader.lastEventId })
    expect(seen).toEqual(
      [1, 2, 3].map((cents) => ({
        event: 'price',
        data: { cents },
        id: `${cents}`,
        resume: `${cents}`,
      })),
    )
  })

  test('fails the iteration for other data, with all that is known of it', async () => {
    const source = new TestStream(
      thenBlocked(
        'event: price\nid: 1\ndata: {"cents":1}\n\nid: 2\nevent: price\ndata: {"cents":"x"}\n\n',
      ),
    )
    const reader = parseEvents(source.stream, { events })
    await reader.next()
    const error = await rejection(reader.next())
    expect(error).toMatchObject({
      name: 'SseError',
      code: 'ERR_SSE_INVALID',
      event: 'price',
      id: '2',
      data: '{"cents":"x"}',
    })
    const issues = error.issues as { message: string; path: unknown[] }[]
    expect(issues.length).toBe(1)
    expect(error.message).toBe(`The data of "price" is invalid: ${issues[0]?.message}`)
    expect(issues[0]?.path?.length).toBe(1)
    expect(source.cancelled).toEqual([error])
    // The event was not handed over: who resumes gets it again.
    expect(reader.lastEventId).toBe('1')
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })

  test('leaves invalid data out, and tells of it, if asked', async () => {
    const wire =
      'event: price\ndata: {"cents":1}\n\nevent: price\nid: 7\ndata: {"cents":null}\n\nevent: price\ndata: {"cents":3}\n\n'
    const told: InvalidEvent[] = []
    for (const onInvalid of ['skip' as const, (invalid: InvalidEvent) => void told.push(invalid)]) {
      const reader = parseEvents(generated(wire), { events, onInvalid })
      expect((await all(reader)).map(({ data }) => data)).toEqual([{ cents: 1 }, { cents: 3 }])
      expect(reader.lastEventId).toBe('7')
    }
    expect(told).toMatchObject([{ event: 'price', data: '{"cents":null}', id: '7' }])
    expect(told[0]?.issues.length).toBe(1)
  })
})

/** A validator that is written by hand. */
const broken = (validate: StandardSchema['~standard']['validate']) =>
  ({ '~standard': { version: 1, vendor: 'test', validate } }) as const

describe('a contract', () => {
  const events = defineEvents({
    at: z.string().transform((iso) => new Date(iso)),
    name: z.string(),
    note: z.string().optional(),
    token: text(),
    done: null,
  })

  test('gives what the validator makes of JSON, text as it is, and no data', async () => {
    const wire = [
      'event: at\ndata: "2020-01-01T00:00:00Z"',
      'event: name\ndata: "Ann"',
      'event: token\ndata:  {"a":1}\ndata:',
      'event: token\ndata',
      'event: note\ndata',
      'event: done\ndata',
      'event: done\ndata: ignored',
    ].join('\n\n')
    expect(await all(parseEvents(generated(`${wire}\n\n`), { events }))).toEqual([
      { event: 'at', data: new Date('2020-01-01T00:00:00Z'), id: '' },
      { event: 'name', data: 'Ann', id: '' },
      { event: 'token', data: ' {"a":1}\n', id: '' },
      { event: 'token', data: '', id: '' },
      { event: 'note', data: undefined, id: '' },
      { event: 'done', data: undefined, id: '' },
      { event: 'done', data: undefined, id: '' },
    ])
  })

  test('tells data that is no JSON with one issue and its cause', async () => {
    const reader = parseEvents(generated('event: name\ndata: Ann\n\n'), { events })
    const error = await rejection(reader.next())
    expect(error).toMatchObject({ code: 'ERR_SSE_INVALID', data: 'Ann' })
    expect(error.cause).toBeInstanceOf(SyntaxError)
    expect(error.issues).toEqual([{ message: (error.cause as Error).message }])
  })

  test('keeps no more of long data in the error than 1,024 characters, but tells a callback all', async () => {
    const data = 'x'.repeat(100_000)
    const wire = `event: name\ndata: ${data}\n\n`
    const error = await rejection(parseEvents(generated(wire), { events }).next())
    expect(error.data).toBe(data.slice(0, 1_024))
    let told = ''
    const onInvalid = (invalid: { data: string }) => {
      told = invalid.data
    }
    await all(parseEvents(generated(wire), { events, onInvalid }))
    expect(told).toBe(data)
  })

  test('takes a validator that fails for one that refuses', async () => {
    const cause = new Error('bug')
    for (const validate of [
      () => {
        throw cause
      },
      () => Promise.reject(cause),
    ]) {
      const contract = defineEvents({ message: broken(validate) })
      const reader = parseEvents(generated('data: 1\n\n'), { events: contract })
      expect(await rejection(reader.next())).toMatchObject({ code: 'ERR_SSE_INVALID', cause })
    }
  })

  test('takes a validator that answers nothing for one that refuses, and one that gives no reasons', async () => {
    for (const answer of [undefined, null, { issues: [] }]) {
      for (const validate of [() => answer, async () => answer]) {
        const contract = defineEvents({ message: broken(validate as never) })
        const reader = parseEvents(generated('data: 1\n\n'), { events: contract })
        const error = await rejection(reader.next())
        expect(error).toMatchObject({ name: 'SseError', code: 'ERR_SSE_INVALID', data: '1' })
        expect(error.issues).toEqual([{ message: 'its validator does not say why' }])
        expect(error.message).toBe(
          'The data of "message" is invalid: its validator does not say why',
        )
      }
    }
  })

  test.each(['prize', 'message', 'constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'yields, leaves out or refuses %s, which it does not have',
    async (name) => {
      const wire = `event: ${name}\nid: 3\ndata: {"a":1}\n\nevent: done\ndata\n\n`
      const read = (onUnknown?: 'yield' | 'skip' | 'throw') =>
        parseEvents(generated(wire), { events, onUnknown })
      const done = { event: 'done', data: undefined, id: '3' }
      const raw = { event: name, data: '{"a":1}', id: '3' }
      expect(await all(read())).toEqual([raw, done])
      expect(await all(read('yield'))).toEqual([raw, done])
      expect(await all(read('skip'))).toEqual([done])
      const error = await rejection(read('throw').next())
      expect(error).toMatchObject({ name: 'SseError', code: 'ERR_SSE_UNKNOWN_EVENT', ...raw })
      expect(error.message).toBe(`"${name}" is not in the contract`)
    },
  )

  test('can have names that objects have', async () => {
    const contract = defineEvents({ ['__proto__']: text(), constructor: z.number() })
    const wire = 'event: __proto__\ndata: a\n\nevent: constructor\ndata: 5\n\n'
    expect(
      await all(parseEvents(generated(wire), { events: contract, onUnknown: 'throw' })),
    ).toEqual([
      { event: '__proto__', data: 'a', id: '' },
      { event: 'constructor', data: 5, id: '' },
    ])
  })

  test('lets until see events as they came, known or not', async () => {
    const wire =
      'event: name\ndata: "Ann"\n\nevent: name\ndata: [DONE]\n\nevent: name\ndata: no JSON\n\n'
    const reader = parseEvents(generated(wire), { events, until: ({ data }) => data === '[DONE]' })
    expect(await all(reader)).toEqual([{ event: 'name', data: 'Ann', id: '' }])
  })

  test('is not waited for by one who leaves while a validator takes its time', async () => {
    const slow = {
      '~standard': { version: 1, vendor: 'test', validate: () => new Promise<never>(() => {}) },
    } as const
    const source = new TestStream(thenBlocked('id: 5\ndata: 1\n\n'))
    const reader = parseEvents(source.stream, { events: defineEvents({ message: slow }) })
    const [first, second] = [reader.next(), reader.next()]
    await reader.return()
    expect(await Promise.all([first, second])).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ])
    expect(source.cancelled.length).toBe(1)
    expect(reader.lastEventId).toBe('')
  })

  test('does not move the id on for an event whose verdict came too late', async () => {
    let accept = () => {}
    const validate = () =>
      new Promise<{ value: number }>((resolve) => {
        accept = () => resolve({ value: 1 })
      })
    const slow = { '~standard': { version: 1, vendor: 'test', validate } } as const
    const events = defineEvents({ message: slow })
    const reader = parseEvents(generated('id: 5\ndata: 1\n\n'), { events })
    const first = reader.next()
    await new Promise((resolve) => setImmediate(resolve))
    await reader.return()
    accept()
    await first
    await new Promise((resolve) => setImmediate(resolve))
    expect(reader.lastEventId).toBe('')
  })
})

describe('defineEvents', () => {
  test.each([undefined, null, 5, []])('refuses %s', (entries) => {
    expect(() => defineEvents(entries as never)).toThrow(
      /^Expected the events to be an object, got /,
    )
  })

  test.each([undefined, 'string', {}, () => {}, { '~standard': {} }])(
    'refuses the entry %o',
    (entry) => {
      expect(() => defineEvents({ price: entry as never })).toThrow(
        /^Expected `price` to be a Standard Schema, text\(\) or null, got /,
      )
    },
  )

  test.each(['', 'a\nb', 'a\r'])('refuses the name %j, which no event can have', (name) => {
    expect(() => defineEvents({ [name]: null })).toThrow(TypeError)
  })
})
