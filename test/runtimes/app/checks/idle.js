// A silent stream outlives the time after which the server closes what is silent, by the default heartbeat.

export const title = 'An idle stream is open after 12 seconds, by the default heartbeat'

/** Node's own servers wait for ever. */
export const concerns = ({ runtime }) => !runtime.startsWith('node')

export const isLong = true

const IDLE_MS = 12_000

let stream

export const routes = {
  open: (call) => {
    stream = call.open()
  },
  end: async ({ json }) => json(await stream.end({ event: 'bye' })),
}

export async function check({ open, json, equal }) {
  const answer = await open('open')
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
  equal(await json('end'), { reason: 'ended' })
  equal(await answer.ended, 'whole')
  equal(
    answer.events().map(({ event }) => event),
    ['bye'],
  )
}
