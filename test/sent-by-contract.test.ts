// What a contract makes of events that are sent, and that the other end reads back the same.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { openStream } from '../src/adapters/node.js'
import { defineEvents, SseChannel, SseStream, text } from '../src/index.js'
import { parseEvents } from '../src/parser.js'
import { FakeSink } from './fake-sink.js'
import { readWire } from './wire.js'

const events = defineEvents({
  price: z.object({ cents: z.number() }),
  name: z.string(),
  note: z.string().optional(),
  token: text(),
  done: null,
})

const slowly = defineEvents({ price: z.number().refine(async (price) => price > 0) })

function open(options: { validate?: boolean; serialize?: (data: unknown) => string } = {}) {
  const sink = new FakeSink()
  const stream = new SseStream(sink, { events, heartbeatMs: false, ...options })
  return { stream, wire: () => sink.written.join('') }
}

/** What the stream wrote, once it has. */
const written = async (wire: () => string) => {
  await Promise.resolve()
  return wire()
}

describe('a stream with a contract', () => {
  test('sends data of a validator as JSON, strings too, text as it is, and nothing for null', async () => {
    const { stream, wire } = open()
    stream.send({ event: 'price', data: { cents: 5 }, id: 1, retry: 5, comment: 'x' })
    stream.send({ event: 'name', data: 'Ann' })
    stream.send({ event: 'note' })
    stream.send({ event: 'token', data: ' {"a":\n' })
    stream.send({ event: 'done' })
    expect(await written(wire)).toBe(
      ': x\nevent: price\nid: 1\nretry: 5\ndata: {"cents":5}\n\n' +
        'event: name\ndata: "Ann"\n\n' +
        'event: note\ndata: \n\n' +
        'event: token\ndata:  {"a":\ndata: \n\n' +
        'event: done\ndata: \n\n',
    )
  })

  test('sends what a reader with the same contract gives back', async () => {
    const server = createServer((req, res) => {
      const stream = openStream(req, res, { events, validate: true })
      stream.send({ event: 'price', data: { cents: 5 }, id: 'a' })
      stream.send({ event: 'name', data: '[1]' })
      stream.send({ event: 'note', data: undefined })
      stream.send({ event: 'note', data: '' })
      stream.send({ event: 'token', data: '\n a\n' })
      void stream.end({ event: 'done' })
    })
    server.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    try {
      const { port } = server.address() as AddressInfo
      const seen: unknown[] = []
      for await (const event of parseEvents(await fetch(`http://127.0.0.1:${port}`), { events })) {
        seen.push([event.event, event.data, event.id])
      }
      expect(seen).toEqual([
        ['price', { cents: 5 }, 'a'],
        ['name', '[1]', 'a'],
        ['note', undefined, 'a'],
        ['note', '', 'a'],
        ['token', '\n a\n', 'a'],
        ['done', undefined, 'a'],
      ])
    } finally {
      server.close()
    }
  })

  test.each([
    [
      { event: 'prize', data: 1 },
      '`event` to be one of the contract: price, name, note, token, done',
    ],
    [{ data: 'text' }, '`event` to be one of the contract'],
    [{ event: '__proto__', data: 1 }, '`event` to be one of the contract'],
    [{ event: 'token', data: 5 }, 'the data of `token` to be a string'],
    [{ event: 'token' }, 'the data of `token` to be a string'],
    [{ event: 'done', data: null }, 'the data of `done` to be absent'],
    [{ event: 'price', data: () => {} }, '`data` to be a string or what `serialize` makes one of'],
    [{ event: 'price', data: Promise.resolve({}) }, '`data` to be a string or what `serialize`'],
    [{ event: 'price', data: { cents: 5 }, id: '\n' }, '`id` to be one line'],
    [5, 'the event to be an object'],
    [{}, 'the event to be an object with'],
  ])('refuses %o, with nothing written', async (event, expected) => {
    const { stream, wire } = open()
    expect(() => stream.send(event as never)).toThrow(TypeError)
    expect(() => stream.send(event as never)).toThrow(`Expected ${expected}`)
    await expect(stream.end(event as never)).rejects.toThrow(TypeError)
    expect(stream.state).toBe('open')
    expect(await written(wire)).toBe('')
  })

  test('still sends what dispatches no event', async () => {
    const { stream, wire } = open()
    stream.send({ id: 5, retry: 6 } as never)
    stream.comment('x')
    expect(await written(wire)).toBe('id: 5\nretry: 6\n\n: x\n\n')
  })

  test('takes the application’s serializer for data that has a validator', async () => {
    const { stream, wire } = open({ serialize: (data) => JSON.stringify(data).toUpperCase() })
    stream.send({ event: 'name', data: 'Ann' })
    stream.send({ event: 'token', data: 'text' })
    expect(readWire(await written(wire)).map(({ data }) => data)).toEqual(['"ANN"', 'text'])
  })

  test('holds for farewells and for sources', async () => {
    const { stream, wire } = open()
    await stream.sendAll([{ event: 'name', data: 'Ann' }])
    await expect(stream.sendAll(['text'])).rejects.toThrow('one of the contract')
    void stream.end({ event: 'name', data: 'Bob' })
    expect(await written(wire)).toBe('event: name\ndata: "Ann"\n\nevent: name\ndata: "Bob"\n\n')
  })

  test.each([{ events: {} }, { events: 5 }, { events: null }, { validate: 'yes' }])(
    'refuses the options %o',
    (options) => {
      expect(() => new SseStream(new FakeSink(), options as never)).toThrow(TypeError)
      expect(() => new SseChannel(options as never)).toThrow(TypeError)
    },
  )
})

describe('validate', () => {
  const invalid = { event: 'price', data: { cents: '5' } } as never

  test('is off by default', async () => {
    const { stream, wire } = open()
    stream.send(invalid)
    expect(await written(wire)).toBe('event: price\ndata: {"cents":"5"}\n\n')
  })

  test('refuses data that the client would refuse, with nothing written', async () => {
    const { stream, wire } = open({ validate: true })
    expect(() => stream.send(invalid)).toThrow(
      expect.objectContaining({
        name: 'SseError',
        code: 'ERR_SSE_INVALID',
        event: 'price',
        data: '{"cents":"5"}',
        issues: [expect.objectContaining({ path: ['cents'] })],
      }),
    )
    await expect(stream.end(invalid)).rejects.toMatchObject({ code: 'ERR_SSE_INVALID' })
    stream.send({ event: 'price', data: { cents: 5 } })
    stream.send({ event: 'token', data: 'x' })
    expect(await written(wire)).toBe('event: price\ndata: {"cents":5}\n\nevent: token\ndata: x\n\n')
  })

  test('looks at data as the client will read it: what JSON loses is lost', () => {
    const dates = defineEvents({ at: z.date(), amount: z.number() })
    const stream = new SseStream(new FakeSink(), { events: dates, validate: true })
    expect(() => stream.send({ event: 'at', data: new Date() })).toThrow(
      'The data of "at" is invalid',
    )
    expect(() => stream.send({ event: 'amount', data: Number.NaN })).toThrow('The data of "amount"')
  })

  test('sends what was given, not what the validator makes of it', async () => {
    const at = defineEvents({
      at: v.pipe(
        v.string(),
        v.transform((iso) => new Date(iso)),
      ),
    })
    const sink = new FakeSink()
    new SseStream(sink, { events: at, validate: true }).send({ event: 'at', data: '2020-01-01' })
    await Promise.resolve()
    expect(sink.written).toEqual(['event: at\ndata: "2020-01-01"\n\n'])
  })

  test('refuses validators that take their time: a send cannot wait', () => {
    const stream = new SseStream(new FakeSink(), { events: slowly, validate: true })
    for (const data of [1, -1]) {
      expect(() => stream.send({ event: 'price', data })).toThrow(
        new TypeError(
          'Expected the validator of `price` to be one that answers at once, got an instance of Promise',
        ),
      )
    }
  })
})

describe('a channel with a contract', () => {
  test('publishes by it, live and replayed, and its filters see data read back', async () => {
    const channel = new SseChannel({ events })
    const sinks = [new FakeSink(), new FakeSink()] as const
    const seen: unknown[] = []
    const filter = (event: { data?: unknown }) => seen.push(event.data) > 0
    const live = new SseStream(sinks[0], { heartbeatMs: false })
    await channel.subscribe(live, { filter })
    const first = await channel.publish({ event: 'name', data: 'Ann' })
    await channel.publish({ event: 'token', data: '"x"' })
    await channel.publish({ event: 'price', data: { cents: 1 } })
    await channel.publish({ event: 'done' })
    const late = new SseStream(sinks[1], { heartbeatMs: false, lastEventId: first })
    await channel.subscribe(late, { filter })
    await Promise.resolve()
    const [one, other] = sinks.map((sink) =>
      readWire(sink.written.join('')).map(({ data }) => data),
    )
    expect(one).toEqual(['"Ann"', '"x"', '{"cents":1}', ''])
    expect(other).toEqual(['"x"', '{"cents":1}', ''])
    expect(new Set(seen)).toEqual(new Set(['Ann', '"x"', { cents: 1 }, undefined]))
  })

  test('encodes its snapshot by it, and its gap event as ever', async () => {
    const channel = new SseChannel({
      events,
      snapshot: () => [
        { event: 'name', data: 'Ann' },
        { event: 'token', data: 'x' },
      ],
    })
    const sink = new FakeSink()
    const stream = new SseStream(sink, { events, heartbeatMs: false, lastEventId: 'gone' })
    await channel.subscribe(stream)
    await Promise.resolve()
    expect(readWire(sink.written.join('')).map(({ event, data }) => [event, data])).toEqual([
      ['gap', '{"lastEventId":"gone"}'],
      ['name', '"Ann"'],
      ['token', 'x'],
    ])
  })

  test('rejects what is not in it, and what validate finds invalid, with nothing published', async () => {
    const channel = new SseChannel({ events, validate: true })
    const sink = new FakeSink()
    await channel.subscribe(new SseStream(sink, { heartbeatMs: false }))
    await expect(channel.publish({ event: 'prize' } as never)).rejects.toThrow(TypeError)
    await expect(channel.publish({ event: 'price', data: {} } as never)).rejects.toMatchObject({
      code: 'ERR_SSE_INVALID',
      event: 'price',
      data: '{}',
    })
    await channel.publish({ event: 'price', data: { cents: 1 } })
    expect(readWire(sink.written.join('')).length).toBe(1)
  })
})
