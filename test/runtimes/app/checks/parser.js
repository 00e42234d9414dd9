// The parser, on what the runtime itself calls a Response and a ReadableStream.

import { defineEvents, parseEvents, SseParserStream, text } from 'eventwire/parser'

export const title =
  '`parseEvents` and `SseParserStream`: responses and streams, cut anywhere, cancelled'

const WIRE =
  'retry: 5\n\nevent: token\nid: ä1\ndata: hällo\n\n: comment\n\ndata: {"n":1}\r\n\r\ndata: lost'

const contract = defineEvents({ token: text() })

const response = (body) =>
  new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })

/** The bytes of the text, one by one. */
function bytes(onCancel = () => {}) {
  const all = new TextEncoder().encode(WIRE)
  let next = 0
  return new ReadableStream({
    pull(controller) {
      if (next < all.length) controller.enqueue(all.slice(next, ++next))
      else controller.close()
    },
    cancel: onCancel,
  })
}

async function all(source) {
  const events = []
  for await (const event of source) events.push(event)
  return events
}

export const routes = {
  run: async ({ json }) => {
    const reader = parseEvents(response(WIRE), { events: contract })
    let cancelled = 0
    for await (const _event of parseEvents(response(bytes(() => cancelled++)))) break
    const refused = await all(parseEvents(new Response('no', { status: 503 }))).catch(
      (error) => error,
    )
    json({
      whole: await all(reader),
      retryMs: reader.retryMs,
      cut: await all(parseEvents(response(bytes()))),
      piped: await all(bytes().pipeThrough(new SseParserStream())),
      cancelled,
      refused: [refused.code, refused.status],
    })
  },
}

export async function check({ json, equal }) {
  const events = [
    { event: 'token', data: 'hällo', id: 'ä1' },
    { event: 'message', data: '{"n":1}', id: 'ä1' },
  ]
  equal(await json('run'), {
    whole: events,
    retryMs: 5,
    cut: events,
    piped: events,
    cancelled: 1,
    refused: ['ERR_SSE_RESPONSE', 503],
  })
}
