// All streams of the process end, so that it can stop.

import { closeAllStreams, streamStats } from 'eventwire'

export const title = '`closeAllStreams` ends every stream, with a time to come back'

export const routes = {
  open: (call) => {
    call.open()
  },
  close: async ({ json }) => {
    const before = streamStats()
    const closed = await closeAllStreams({
      withinMs: 200,
      retryMs: [7, 9],
      farewell: { event: 'bye' },
    })
    const after = streamStats()
    json({
      closed,
      open: after.open,
      shutdown: after.closed.shutdown - before.closed.shutdown,
    })
  },
}

export async function check({ open, json, equal, ok }) {
  const answers = [await open('open'), await open('open')]
  const { closed, open: left, shutdown } = await json('close')
  ok(closed >= 2 && shutdown >= 2, `${closed} closed`)
  equal(left, 0)
  for (const answer of answers) {
    equal(await answer.ended, 'whole')
    ok(/(^|\n\n)event: bye\nretry: [789]\ndata: \n\n$/.test(answer.text()), answer.text())
  }
}
