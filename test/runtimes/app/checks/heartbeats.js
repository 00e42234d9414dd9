// A silent stream gets its comments, whatever becomes of the others.

export const title = 'Heartbeats'

const streams = []

export const routes = {
  open: (call) => {
    streams.push(call.open({ heartbeatMs: 50 }))
  },
  end: async ({ json }) => json(await streams.at(-1).end()),
}

export async function check({ open, json, equal }) {
  // One clock rings for all, and it is this one's heartbeat that sets it.
  const first = await open('open')
  const answer = await open('open')
  const beats = (count) =>
    answer.until(() => answer.text().length >= 3 * count, `heartbeat ${count}`)
  await beats(4)
  first.leave()
  await beats(12)
  equal(await json('end'), { reason: 'ended' })
  equal(await answer.ended, 'whole')
  equal(answer.text().replaceAll(': \n\n', ''), '')
}
