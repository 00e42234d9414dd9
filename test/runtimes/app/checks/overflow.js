// A client that is sent more than it reads is cut, at the bound.

export const title = "A client for which more waits than `maxBufferedBytes` is cut, with 'overflow'"

const BYTES = 65_536
const MANY = 1_500

let stream
let report

export const routes = {
  open: async (call) => {
    report = { sent: 0, mostBuffered: 0 }
    stream = call.open({ heartbeatMs: false })
    const data = 'x'.repeat(BYTES)
    while (report.sent < MANY && stream.state === 'open') {
      report.sent++
      stream.send({ data })
      report.mostBuffered = Math.max(report.mostBuffered, stream.bufferedBytes)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    report.closed = stream.state === 'closed' ? await stream.closed : undefined
    report.isDone = true
  },
  report: ({ json }) => json(report),
}

export async function check({ open, json, until, equal, ok }) {
  const answer = await open('open')
  answer.pause()
  await until(async () => (await json('report')).isDone, 'the stream cut')
  const { sent, closed, mostBuffered } = await json('report')
  ok(closed, `${(sent * BYTES) / 1e6} MB were taken for a client that does not read`)
  equal(closed, { reason: 'overflow' })
  ok(mostBuffered < 1_048_576 + 2 * BYTES, `${mostBuffered} bytes were held for the client`)
  answer.resume()
  equal(await answer.ended, 'cut')
  return `cut after ${(sent * BYTES) / 1e6} MB`
}
