// The package without an adapter: a stream on a port of six methods.

import { encodeEvent, MemoryLog, SseChannel, SseError, SseStream, streamStats } from 'eventwire'

export const title =
  '`SseStream` on a port of your own, `SseChannel` with `MemoryLog`, `streamStats`'

/** A port that takes everything. */
function port() {
  const chunks = []
  let listener
  return {
    text: () => chunks.join(''),
    bufferedBytes: 0,
    write: (chunk) => {
      chunks.push(typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk))
      return true
    },
    end: () => listener.onClose({ reason: 'ended' }),
    destroy: () => listener.onClose({ reason: 'ended' }),
    attach: (attached) => {
      listener = attached
    },
  }
}

export const routes = {
  run: async ({ json }) => {
    const before = streamStats()
    const sink = port()
    const stream = new SseStream(sink, { lastEventId: 'unknown' })
    const channel = new SseChannel({ name: 'news', log: new MemoryLog() })
    const { resume } = await channel.subscribe(stream)
    const id = await channel.publish({ event: 'news', data: { n: 1 } })
    stream.send({ data: 'own' })
    await stream.drained()
    const refusal = await channel.publish({ id: '1' }).catch((error) => error)
    const info = await stream.end({ event: 'bye' })
    const after = streamStats()
    json({
      resume,
      text: sink.text().replaceAll(id, 'ID'),
      info,
      refusal: refusal.name,
      size: channel.size,
      counted: after.eventsSent - before.eventsSent,
      encoded: encodeEvent({ data: 'ä\nb' }),
      error: new SseError('ERR_SSE_LOG', 'x') instanceof Error,
    })
  },
}

export async function check({ json, equal, ok }) {
  const { text, counted, ...rest } = await json('run')
  ok(
    text.endsWith('event: news\nid: ID\ndata: {"n":1}\n\ndata: own\n\nevent: bye\ndata: \n\n'),
    text,
  )
  ok(text.startsWith('event: gap\n'), text)
  ok(counted >= 2, `${counted} events counted`)
  equal(rest, {
    resume: 'gap',
    info: { reason: 'ended' },
    refusal: 'TypeError',
    size: 0,
    encoded: 'data: ä\ndata: b\n\n',
    error: true,
  })
}
