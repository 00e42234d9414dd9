// A client that leaves is seen, though nothing is written to it.

export const title = "A client that leaves closes its stream at once, with the reason 'client'"

let stream
let left

export const routes = {
  open: (call) => {
    left = undefined
    stream = call.open({ heartbeatMs: false })
    stream.send({ data: 'hello' })
    void stream.closed.then((info) => {
      left = { ...info, sends: stream.send({ data: 'too late' }), aborted: stream.signal.aborted }
    })
  },
  left: ({ json }) => json(left ?? null),
}

export async function check({ open, json, until, equal }) {
  const answer = await open('open')
  await answer.until(() => answer.events().length === 1, 'the first event')
  answer.leave()
  let left
  await until(async () => {
    left = await json('left')
    return left !== null
  }, 'the news that the client had left')
  equal(left, { reason: 'client', sends: false, aborted: true })
}
