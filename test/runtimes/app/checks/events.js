// Events arrive as they are sent, and the end comes after all of them.

export const title = 'Events arrive one by one; an ending stream arrives whole, with its farewell'

let stream

export const routes = {
  open: (call) => {
    stream = call.open({ retryMs: 1_000 })
  },
  send: ({ query, json }) => {
    stream.send({ event: 'count', data: { n: Number(query.get('n')) }, id: query.get('n') })
    json({})
  },
  // More than any connection takes at once.
  end: async ({ json }) => json(await stream.end({ event: 'bye', data: 'aä€😀'.repeat(100_000) })),
}

export async function check({ open, json, equal }) {
  const answer = await open('open')
  equal(answer.status, 200)
  equal(answer.headers['content-type'], 'text/event-stream')
  equal(answer.headers['cache-control'], 'no-cache, no-transform')
  await answer.until(() => answer.text().includes('retry: 1000\n\n'), 'the reconnection time')
  for (let n = 1; n <= 5; n++) {
    await json(`send?n=${n}`)
    await answer.until(() => answer.events().length === n, `event ${n}`)
  }
  equal(
    answer.events().map(({ event, data, id }) => [event, data, id]),
    [1, 2, 3, 4, 5].map((n) => ['count', `{"n":${n}}`, `${n}`]),
  )
  equal(await json('end'), { reason: 'ended' })
  equal(await answer.ended, 'whole')
  const { event, data } = answer.events()[5]
  equal([event, data === 'aä€😀'.repeat(100_000)], ['bye', true])
}
