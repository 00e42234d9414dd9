// Counts down to a launch for one client.

import type { SseStream } from 'eventwire'

export interface Launch {
  seconds: number
  launch: undefined
}

export function countDown(stream: SseStream<Launch>, seconds: number): void {
  let left = seconds
  const timer = setInterval(() => {
    left--
    if (left > 0) stream.send({ event: 'seconds', data: left }, { conflate: 'seconds' })
    else void stream.end({ event: 'launch' })
  }, 1_000)
  stream.closed.then(() => clearInterval(timer))
}
