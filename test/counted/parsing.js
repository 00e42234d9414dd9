// Reading, to be counted: createParser's callbacks, parseEvents and EventSourceParserStream, for each size of events; then a chat by
// parseEvents with a contract and by the openai SDK.

import { createParser } from 'eventsource-parser'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { defineEvents, parseEvents } from 'eventwire/parser'
import { Stream } from 'openai/streaming'
import { run } from './sections.js'

const BYTES = 200_000

function streamOf(text) {
  const bytes = Buffer.from(text.repeat(Math.ceil(BYTES / text.length)))
  let at = 0
  return new ReadableStream(
    {
      pull(controller) {
        if (at >= bytes.length) {
          controller.close()
          return
        }
        controller.enqueue(bytes.subarray(at, at + 16_384))
        at += 16_384
      },
    },
    { highWaterMark: 0 },
  )
}

async function callbacks(text) {
  let count = 0
  const decoder = new TextDecoder()
  const parser = createParser({ onEvent: () => count++ })
  for await (const chunk of streamOf(text)) parser.feed(decoder.decode(chunk, { stream: true }))
  return count
}

async function iterated(events) {
  let count = 0
  for await (const event of events) if (event !== undefined) count++
  return count
}

const byStream = (text) =>
  iterated(
    streamOf(text).pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream()),
  )

const chunk = JSON.stringify({
  id: 'chatcmpl-A1b2C3d4E5f6G7h8I9j0K1l2M3n4',
  object: 'chat.completion.chunk',
  created: 1_700_000_000,
  model: 'a-model-2025-01-01',
  choices: [{ index: 0, delta: { content: ' word' }, logprobs: null, finish_reason: null }],
})

/** A validator that looks at what is used of a chunk. */
const contract = defineEvents({
  message: {
    '~standard': {
      version: 1,
      vendor: 'counted',
      validate: (value) =>
        typeof value?.choices?.[0]?.delta?.content === 'string'
          ? { value }
          : { issues: [{ message: 'Expected a chunk of a chat' }] },
    },
  },
})

const chat = () =>
  new Response(streamOf(`data: ${chunk}\n\n`), {
    headers: { 'content-type': 'text/event-stream' },
  })

const counts = []
const counting = (read) => async () => {
  counts.push(await read())
}

const sizes = [170, 60].map((length) => `data: ${'x'.repeat(length - 8)}\n\n`)
await run([
  ...sizes.flatMap((text) => [
    counting(() => callbacks(text)),
    counting(() => iterated(parseEvents(streamOf(text)))),
    counting(() => byStream(text)),
  ]),
  counting(() => iterated(parseEvents(chat(), { events: contract }))),
  counting(() => iterated(Stream.fromSSEResponse(chat(), new AbortController()))),
])
if (counts.some((count) => count < 500)) throw new Error(`Too few events: ${counts}`)
