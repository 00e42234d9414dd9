// What a runtime cannot do, and why.

/** A check that has a limit here must fail there, with this problem: one that passes is a limit gone. */
export const limits = [
  {
    runtime: 'workerd',
    check: 'leaving',
    problem: /the client had left did not come/,
    reason:
      'it sees that a client has left when it next writes to it: that is the next heartbeat at the latest. Where heartbeats are off and nothing else is waited for, it gives the request up in silence.',
  },
  {
    runtime: 'workerd',
    server: 'earlier-worker',
    check: 'compression',
    problem: /^Expected "gzip", got undefined$/,
    reason:
      'with an early compatibility date and without the flag `nodejs_compat` there is no `node:zlib`, and `compress: true` sends the stream as it is.',
  },
  {
    runtime: 'workerd',
    server: 'earlier-worker',
    check: 'diagnostics',
    problem: /got \{"isThere":false,"heard":\[\]\}$/,
    reason:
      'with an early compatibility date and without the flag `nodejs_compat` there is no `process.getBuiltinModule`: nothing is told, and nothing fails.',
  },
]

/** What no check can show, for it comes by luck. */
export const warnings = [
  {
    runtime: 'deno',
    reason:
      'its `node:http2` may end the process while it takes in the GOAWAY by which a client ends its session, whatever the server does with its requests ([denoland/deno#36788](https://github.com/denoland/deno/issues/36788)). The checks keep one session to each server. `Deno.serve` speaks HTTP/2 by other code.',
  },
]

/** Gives the limit of a check on one server of a runtime. */
export const limitOf = (runtime, server, check) =>
  limits.find(
    (limit) =>
      limit.runtime === runtime && limit.check === check && (limit.server ?? server) === server,
  )
