// Tails a file: each new line is an event, and its level decides who gets it.
// @ts-check

import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import { SseChannel } from 'eventwire'
import sse from 'eventwire/fastify'
import Fastify from 'fastify'

/** @typedef {'info' | 'warn' | 'error'} Level */
/** @typedef {{ level: Level, text: string }} Line */
/** @typedef {{ lines: Line[], line: Line }} LogEvents */

const { HOST = '127.0.0.1', PORT = '3000', LOG_FILE } = process.env
/** @type {Level[]} */
const LEVELS = ['info', 'warn', 'error']
const KEPT_LINES = 500
const TAIL_BYTES = 65_536
const POLL_MS = 100
const LINE_MS = 400

/** The newest lines, for pages that start fresh. @type {Line[]} */
const lines = []

/** @type {SseChannel<LogEvents>} */
const channel = new SseChannel({
  snapshot: ({ topics }) => [
    { event: 'lines', data: lines.filter(({ level }) => topics?.includes(level)) },
  ],
  onError: (error, { stage }) => console.error(`${stage}: ${error.message}`),
})

const fastify = Fastify()
const closing = new AbortController()
await fastify.register(fastifyStatic, { root: fileURLToPath(new URL('page', import.meta.url)) })
// With the plugin, fastify.close() ends the streams, too.
await fastify.register(sse, { retryMs: 1_000 })

const level = { type: 'array', items: { enum: LEVELS }, default: LEVELS }
const schema = { querystring: { type: 'object', properties: { level } } }

fastify.get('/lines', { schema }, async (request, reply) => {
  const { level: topics } = /** @type {{ level: Level[] }} */ (request.query)
  await channel.subscribe(reply.sse(), { topics })
  return reply
})

/** @param {string} file */
async function publishLines(file) {
  for await (const text of follow(file)) {
    const level = LEVELS.find((name) => text.includes(name.toUpperCase())) ?? 'info'
    const line = { level, text }
    lines.push(line)
    if (lines.length > KEPT_LINES) lines.shift()
    await channel.publish({ event: 'line', data: line }, { topic: level })
  }
}

/**
 * Gives the last lines of a file, then each line that is appended.
 *
 * @param {string} file
 */
async function* follow(file) {
  const handle = await open(file)
  const decoder = new StringDecoder()
  let position = Math.max(0, (await handle.stat()).size - TAIL_BYTES)
  let isCut = position > 0
  let rest = ''
  try {
    while (!closing.signal.aborted) {
      const { buffer, bytesRead } = await handle.read({
        buffer: Buffer.alloc(TAIL_BYTES),
        position,
      })
      position += bytesRead
      const texts = (rest + decoder.write(buffer.subarray(0, bytesRead))).split('\n')
      rest = texts.pop() ?? ''
      // The first is the end of a line.
      if (isCut && texts.shift() !== undefined) isCut = false
      yield* texts
      if (bytesRead === 0) await wait(POLL_MS)
    }
  } finally {
    await handle.close()
  }
}

/** Writes a log of its own, so that there is something to see. */
function makeLog() {
  const folder = mkdtempSync(join(tmpdir(), 'log-tail-'))
  const file = join(folder, 'server.log')
  const write = (timeMs = Date.now()) =>
    appendFileSync(file, `${new Date(timeMs).toISOString()} ${madeUpText()}\n`)
  for (let ago = 40; ago > 0; ago--) write(Date.now() - ago * LINE_MS)
  const timer = setInterval(() => write(), LINE_MS)
  closing.signal.addEventListener('abort', () => {
    clearInterval(timer)
    rmSync(folder, { recursive: true })
  })
  return file
}

function madeUpText() {
  const number = Math.floor(Math.random() * 1_000)
  if (number < 60) return `ERROR POST /orders 500 upstream did not answer, order ${number}`
  if (number < 220) return `WARN  GET /reports 200 slow: ${number * 10} ms`
  return `INFO  GET /products/${number} 200 ${number % 40} ms`
}

console.log(`Log tail: ${await fastify.listen({ port: Number(PORT), host: HOST })}`)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
publishLines(LOG_FILE ?? makeLog()).catch((error) => {
  console.error(error.message)
  process.exitCode = 1
  return stop()
})

function stop() {
  closing.abort()
  return fastify.close()
}
