// Tokens as a language model makes them, by OpenAI's protocol. The model here is a toy: it recites a text.
// @ts-check

import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { serve } from '@hono/node-server'
import { serveStatic } from '@hono/node-server/serve-static'
import { closeAllStreams, SseChannel } from 'eventwire'
import { openStream } from 'eventwire/fetch'
import { Hono } from 'hono'

/** @typedef {{ running: number, tokens: number }} Work */

const { HOST = '127.0.0.1', PORT = '3000' } = process.env
const MODEL = 'recital-1'
const TOKEN_MS = 30
const TEXT = `The answer of a language model comes token by token, and nobody likes to wait for the last \
one. So the server sends each as soon as it is there, as an event of one long response.

That takes little: a content type, and a blank line behind each event. What takes care is the rest. \
Somebody closes the page in the middle of a sentence, and the model should not go on for a reader who \
has left: every token costs. Somebody reads on a slow train, and what waits for them should not fill \
the memory of the server. And a proxy holds back what it is not told to pass on.

This text is recited, some thirty words a second. Press Stop, or close the page, and the server stops \
making them, too: its counter says so.`

/** What the server is at, and a channel that tells all pages. */
const work = { running: 0, tokens: 0 }
/** @type {SseChannel<{ work: Work }>} */
const channel = new SseChannel({
  snapshot: () => [{ event: 'work', data: work }],
  onError: (error, { stage }) => console.error(`${stage}: ${error.message}`),
})

/** @param {Partial<Work>} change */
function report(change) {
  channel.publish({ event: 'work', data: Object.assign(work, change) }, { conflate: 'work' })
}

/**
 * Stands for your model. Hand the signal to its client, as it is handed to `wait` here.
 *
 * @param {AbortSignal} signal
 */
async function* generate(signal) {
  report({ running: work.running + 1 })
  try {
    for (const token of TEXT.match(/\s*\S+/g) ?? []) {
      await wait(TOKEN_MS, undefined, { signal })
      report({ tokens: work.tokens + 1 })
      yield token
    }
  } finally {
    report({ running: work.running - 1 })
  }
}

/**
 * Wraps the tokens in what OpenAI's clients read.
 *
 * @param {AbortSignal} signal
 */
async function* completionChunks(signal) {
  const id = `chatcmpl-${randomUUID()}`
  const created = Math.floor(Date.now() / 1_000)
  /** @param {object} delta */
  const chunk = (delta, /** @type {string | null} */ finish_reason = null) => ({
    data: {
      id,
      object: 'chat.completion.chunk',
      created,
      model: MODEL,
      choices: [{ index: 0, delta, finish_reason }],
    },
  })
  yield chunk({ role: 'assistant', content: '' })
  for await (const content of generate(signal)) yield chunk({ content })
  yield chunk({}, 'stop')
}

const app = new Hono()

app.post('/v1/chat/completions', async (c) => {
  const body = await c.req.json().catch(() => undefined)
  if (!Array.isArray(body?.messages) || body.stream !== true) {
    const message = 'Expected `messages`, and `stream` to be true'
    return c.json(
      { error: { message, type: 'invalid_request_error', param: null, code: null } },
      400,
    )
  }
  // OpenAI's clients ask for application/json, and read an event stream all the same.
  const { stream, response } = openStream(c.req.raw, { accept: false })
  stream
    .sendAll(completionChunks(stream.signal))
    // Where the client has left meanwhile, this does nothing.
    .then(() => stream.end({ data: '[DONE]' }))
    .catch((error) => {
      console.error(error)
      stream.destroy(error)
    })
  return response
})

app.get('/counter', (c) => {
  const { stream, response } = openStream(c.req.raw, { retryMs: 1_000 })
  channel.subscribe(stream)
  return response
})

app.use(serveStatic({ root: fileURLToPath(new URL('page', import.meta.url)) }))

const server = serve({ fetch: app.fetch, port: Number(PORT), hostname: HOST }, ({ port }) =>
  console.log(`LLM tokens: http://${HOST}:${port}`),
)

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    server.close()
    await closeAllStreams()
    // Browsers open connections in advance: without a request, these would keep the server open.
    if ('closeAllConnections' in server) server.closeAllConnections()
  })
}
