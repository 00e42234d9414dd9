// A client that does not read holds its stream back, and gets everything once it reads.

export const title = 'Backpressure: a client that does not read is waited for, and then gets all'

const BYTES = 65_536
const MANY = 1_000

let stream
let report

export const routes = {
  open: async (call) => {
    report = { sent: 0, isBlocked: false, mostBuffered: 0 }
    stream = call.open({ heartbeatMs: false })
    const data = 'x'.repeat(BYTES)
    // A `false` alone says little: the server may just not have come back for more yet.
    while (report.sent < MANY && !report.isBlocked) {
      report.sent++
      if (!stream.send({ data, id: report.sent })) {
        report.isBlocked = await isSlow(stream.drained())
      }
      report.mostBuffered = Math.max(report.mostBuffered, stream.bufferedBytes)
    }
    report.isDone = true
    await stream.drained()
    await stream.end({ event: 'bye' })
  },
  report: ({ json }) => json(report),
}

const isSlow = (drained) =>
  Promise.race([
    drained.then(() => false),
    new Promise((resolve) => setTimeout(resolve, 400, true)),
  ])

export async function check({ open, json, until, equal, ok }) {
  const answer = await open('open')
  answer.pause()
  await until(async () => (await json('report')).isDone, 'the stream held back')
  const { sent, isBlocked, mostBuffered } = await json('report')
  ok(isBlocked, `${(sent * BYTES) / 1e6} MB were taken for a client that does not read`)
  ok(mostBuffered < 2 * 1_048_576, `${mostBuffered} bytes were held for the client`)
  answer.resume()
  equal(await answer.ended, 'whole')
  equal(
    answer.events().map(({ event, id }) => `${event} ${id}`),
    [...Array.from({ length: sent }, (_, i) => `message ${i + 1}`), 'bye undefined'],
  )
  return `held back after ${(sent * BYTES) / 1e6} MB`
}
