// What the errors of a Redis client mean for whoever waits.

/** A server says so in capitals; what clients and sockets say begins otherwise. */
const REPLY = /^[A-Z]+ /

/** States of a server that pass: it reads its files, a failover is under way, a script keeps it busy. */
const PASSING = /^(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY) /

/** The server is well, and what was sent was not right for it at that moment. */
const WRONG_MOMENT = /^(?:NOSCRIPT|EARLY) /

const messageOf = (error: unknown): string => String((error as Error | undefined)?.message ?? error)

/** Whether it may go well later on: it was the connection that failed, or the server is not itself. */
export function isPassing(error: unknown): boolean {
  const message = messageOf(error)
  return !REPLY.test(message) || PASSING.test(message) || WRONG_MOMENT.test(message)
}

/** Whether it will go well at once. */
export function isWrongMoment(error: unknown): boolean {
  return WRONG_MOMENT.test(messageOf(error))
}

/** Whether the server does not know a script: it has been started since, or is another. */
export function isUnknownScript(error: unknown): boolean {
  return messageOf(error).startsWith('NOSCRIPT ')
}
