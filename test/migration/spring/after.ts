import { EventEmitter, on } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { openStream, stop } from 'eventwire/express'
import express from 'express'

interface Import {
  progress: { done: number; of: number }
  finished: { rows: number }
}

export const app = express()
export const rows = new EventEmitter()

app.get('/import', async (req, res) => {
  // The client has seen the last event: nothing is left, and it is not to come back.
  if (req.headers['last-event-id'] === 'finished') return stop(res)

  // new SseEmitter(30_000L): each stream ends after at most 30 seconds, and the browser comes back.
  const stream = openStream<Import>(req, res, { maxLifetimeMs: 30_000 })
  // onCompletion, onTimeout, onError: one promise that never rejects.
  stream.closed.then(({ reason, error }) => rows.emit('closed', reason, error))

  try {
    for (let done = 1; done <= 3; done++) {
      // SseEmitter.event().id("1").name("progress").reconnectTime(500).data(progress)
      stream.send({ event: 'progress', id: done, retry: 500, data: { done, of: 3 } })
      await wait(10, undefined, { signal: stream.signal })
    }
    // emitter.complete(), with a last event.
    await stream.end({ event: 'finished', id: 'finished', data: { rows: 3 } })
  } catch (error) {
    // emitter.completeWithError(error)
    stream.destroy(error as Error)
  }
})

// Flux<ServerSentEvent<String>>: whatever can be iterated or subscribed to.
app.get('/rows', async (req, res) => {
  const stream = openStream<{ row: string }>(req, res)
  const source = on(rows, 'row', { signal: stream.signal })
  await stream.sendAll(source, ([data]) => ({ event: 'row', data })).catch(() => stream.destroy())
})
