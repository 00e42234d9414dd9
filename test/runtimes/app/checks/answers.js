// What is answered in place of a stream.

export const title = 'HEAD, 406 for another `Accept`, `stop` and `refuse`'

let stream

export const routes = {
  open: (call) => {
    stream = call.open()
  },
  stop: (call) => call.stop(),
  refuse: (call) => call.refuse({ retryAfterMs: 1_500 }),
  closed: async ({ json }) => json(await stream.closed),
}

export async function check({ open, json, equal }) {
  const head = await open('open', { method: 'HEAD' })
  equal([head.status, head.headers['content-type']], [200, 'text/event-stream'])
  equal([await head.ended, head.text()], ['whole', ''])
  equal(await json('closed'), { reason: 'ended' })

  const other = await open('open', { headers: { accept: 'text/html' } })
  equal([other.status, await other.ended], [406, 'whole'])
  equal(await json('closed'), { reason: 'refused' })

  const stopped = await open('stop')
  equal([stopped.status, await stopped.ended, stopped.text()], [204, 'whole', ''])
  const refused = await open('refuse')
  equal([refused.status, refused.headers['retry-after']], [503, '2'])
  equal([await refused.ended, refused.text()], ['whole', ''])
}
