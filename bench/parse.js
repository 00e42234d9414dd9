// Reading events with `for await`: ours, a TransformStream over the same parser, and that parser's bare callbacks as the floor;
// then typed JSON in the shape of a chat, beside the openai SDK.

import { createParser } from 'eventsource-parser'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { defineEvents, parseEvents } from 'eventwire/parser'
import { Stream } from 'openai/streaming'
import { Stream as Stream6 } from 'openai-6/streaming'
import { bars } from './runner/charts.js'
import { ratio } from './runner/figures.js'
import { compare } from './runner/rounds.js'

const BYTES = 4_000_000

/** As many events as fit, as bytes. */
function wireOf(eventAt) {
  const events = []
  for (let length = 0; length < BYTES; length += events.at(-1).length) {
    events.push(eventAt(events.length))
  }
  const texts = events.map((event) => event.slice(event.indexOf('data: ') + 6, -2))
  return { bytes: Buffer.from(events.join('')), count: events.length, texts, events }
}

function cut({ bytes, count }, size) {
  const chunks = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  return { chunks, count }
}

const padded = (head, length) => `${head}data: ${'x'.repeat(length - head.length - 8)}\n\n`

const SHAPES = {
  'events of 170 bytes, chunks of 16 KiB': cut(
    wireOf(() => padded('', 170)),
    16_384,
  ),
  'events of 170 bytes with name and id, chunks of 16 KiB': cut(
    wireOf((index) => padded(`event: price\nid: ${index}\n`, 170)),
    16_384,
  ),
  'events of 60 bytes, chunks of 16 KiB': cut(
    wireOf(() => padded('', 60)),
    16_384,
  ),
  'events of 170 bytes, not ASCII, chunks of 16 KiB': cut(
    wireOf(() => `data: ${'ünïcødé '.repeat(12)}\n\n`),
    16_384,
  ),
  'events of 170 bytes, chunks of 200 bytes': cut(
    wireOf(() => padded('', 170)),
    200,
  ),
}

/** A stream that has a chunk whenever it is asked for one. */
function streamOf(chunks) {
  let index = 0
  return new ReadableStream(
    {
      pull(controller) {
        if (index < chunks.length) controller.enqueue(chunks[index++])
        else controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}

/** Nanoseconds of CPU for one event: nothing here waits for anything, and other programs do not count. */
async function timed({ chunks, count }, read) {
  const started = process.cpuUsage()
  const seen = await read(chunks)
  const { user, system } = process.cpuUsage(started)
  const ns = ((user + system) * 1_000) / count
  if (seen !== count) throw new Error(`Expected ${count} events, got ${seen}`)
  return ns
}

async function callbacks(chunks, onData = () => {}) {
  let seen = 0
  const decoder = new TextDecoder()
  const parser = createParser({
    onEvent({ data }) {
      seen++
      onData(data)
    },
  })
  const reader = streamOf(chunks).getReader()
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    parser.feed(decoder.decode(step.value, { stream: true }))
  }
  return seen
}

async function iterated(events) {
  let seen = 0
  for await (const event of events) if (event !== undefined) seen++
  return seen
}

const parserStream = (chunks) =>
  iterated(
    streamOf(chunks)
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream()),
  )

// ---- chats ----------------------------------------------------------------------------------------------------------

const chatEvent = (index) =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-A1b2C3d4E5f6G7h8I9j0K1l2M3n4',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'a-model-2025-01-01',
    service_tier: 'default',
    system_fingerprint: 'fp_0123456789',
    choices: [
      { index: 0, delta: { content: ` word${index}` }, logprobs: null, finish_reason: null },
    ],
  })}\n\n`

/** A validator that looks at what is used of a chunk. */
const chat = {
  '~standard': {
    version: 1,
    vendor: 'bench',
    validate: (value) =>
      typeof value?.choices?.[0]?.delta?.content === 'string'
        ? { value }
        : { issues: [{ message: 'Expected a chunk of a chat' }] },
  },
}
const events = defineEvents({ message: chat })

const CHATS = {
  'chat: a chunk for each event': ({ events, count }) => ({
    chunks: events.map((event) => Buffer.from(event)),
    count,
  }),
  'chat: chunks of 16 KiB': (wire) => cut(wire, 16_384),
  'chat: chunks of 64 KiB': (wire) => cut(wire, 65_536),
}

const answer = (chunks) =>
  new Response(streamOf(chunks), { headers: { 'content-type': 'text/event-stream' } })

/** What is left when nothing has to be found. */
function parsedAlone({ texts }) {
  for (const text of texts) JSON.parse(text)
  return texts.length
}

const chatted = (OpenaiStream, chunks) =>
  iterated(OpenaiStream.fromSSEResponse(answer(chunks), new AbortController()))

const FLOOR = 'createParser, callbacks'
const PEER = 'EventSourceParserStream, for await'
const CHAT_PEER = 'openai 6, Stream.fromSSEResponse'

/** How fast we are to be, by the shape: beside the floor, and beside the peer. */
const SPEEDS = {
  'events of 170 bytes, chunks of 16 KiB': [0.85, 2.5],
  'events of 60 bytes, chunks of 16 KiB': [0.65, 2.5],
}

const goalsOf = (title) =>
  SPEEDS[title]?.map((faster, index) => ({
    work: `parse ${title}`,
    row: 'eventwire, for await',
    over: [FLOOR, PEER][index],
    faster,
  }))

export async function* tables() {
  for (const [title, shape] of Object.entries(SHAPES)) {
    const rows = await compare(
      {
        [FLOOR]: () => timed(shape, callbacks),
        'eventwire, for await': () =>
          timed(shape, (chunks) => iterated(parseEvents(streamOf(chunks)))),
        [PEER]: () => timed(shape, parserStream),
      },
      { rounds: 15, unit: 'ns' },
    )
    yield { key: title, title, rows, goals: goalsOf(title) }
  }
  for (const [title, cutChat] of Object.entries(CHATS)) {
    const wire = wireOf(chatEvent)
    const shape = cutChat(wire)
    const rows = await compare(
      {
        'createParser and JSON.parse': () =>
          timed(shape, (chunks) => callbacks(chunks, JSON.parse)),
        'eventwire, with a contract': () =>
          timed(shape, (chunks) => iterated(parseEvents(answer(chunks), { events }))),
        'openai 7, Stream.fromSSEResponse': () => timed(shape, (chunks) => chatted(Stream, chunks)),
        'JSON.parse alone': () => timed(shape, () => parsedAlone(wire)),
        [CHAT_PEER]: () => timed(shape, (chunks) => chatted(Stream6, chunks)),
      },
      { rounds: 9, unit: 'ns' },
    )
    const goal = {
      work: `parse a ${title}`,
      row: 'eventwire, with a contract',
      over: CHAT_PEER,
      faster: 6,
    }
    yield { key: title, title, rows, goals: [goal] }
  }
}

export const charts = (tables) => ({
  parse: bars(
    tables.flatMap((table) => {
      const names = Object.keys(table.rows)
      return names.map((name) => ({
        panel: table.title,
        name,
        value: ratio(table, name, names[0]),
      }))
    }),
    'time for one event, as a multiple of the first',
  ),
})
