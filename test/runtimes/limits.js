// What a runtime cannot do, and why. A check that has a limit here must fail there: one that passes is a limit gone.

export const limits = [
  {
    runtime: 'workerd',
    check: 'leaving',
    reason:
      'workerd sees that a client has left when it next writes to it, which the heartbeat does at the latest. Without heartbeats it gives up a request that waits for nothing else.',
  },
]

export const limitOf = (runtime, check) =>
  limits.find((limit) => limit.runtime === runtime && limit.check === check)
