// The client of the checks, over real connections of HTTP/1.1 or HTTP/2: it reads, stops reading, and leaves.

import http from 'node:http'
import http2 from 'node:http2'
import { brotliDecompressSync, constants, gunzipSync } from 'node:zlib'
import { createParser } from 'eventsource-parser'

/** How long anything may take that comes at once. */
const PATIENCE_MS = 15_000

/** What has arrived of one response, and how it ended. */
class Answer {
  #chunks = []
  #body
  #leave
  #listeners = new Set()
  #text

  constructor({ status, headers, body, leave }) {
    this.status = status
    this.headers = headers
    this.#body = body
    this.#leave = leave
    this.text = this.text.bind(this)
    this.events = this.events.bind(this)
    body.on('data', (chunk) => {
      this.#chunks.push(chunk)
      this.#text = undefined
      for (const listener of this.#listeners) listener()
    })
    let hasEnded = false
    body.on('end', () => {
      hasEnded = true
    })
    body.on('error', () => {
      // The close, which follows, tells that it was cut.
    })
    /** `'whole'` or `'cut'`. */
    this.ended = within(
      'the end of the response',
      new Promise((resolve) => body.on('close', () => resolve(hasEnded ? 'whole' : 'cut'))),
    )
    this.ended.catch(() => {})
  }

  /** The body so far, decoded. */
  text() {
    this.#text ??= decoded(Buffer.concat(this.#chunks), this.headers['content-encoding'])
    return this.#text
  }

  /** The events so far, by a parser that is not ours. */
  events() {
    const events = []
    const parser = createParser({
      onEvent: ({ event = 'message', data, id }) => events.push({ event, data, id }),
    })
    parser.feed(`\n${this.text()}`)
    return events
  }

  /** Waits until what has arrived satisfies `isEnough`. */
  async until(isEnough, what) {
    if (isEnough()) return
    let listener
    const arrived = new Promise((resolve) => {
      listener = () => isEnough() && resolve()
      this.#listeners.add(listener)
    })
    try {
      await within(what, arrived, () => this.text().slice(-200))
    } finally {
      this.#listeners.delete(listener)
    }
  }

  pause() {
    this.#body.pause()
  }

  resume() {
    this.#body.resume()
  }

  leave() {
    this.#leave()
  }
}

function decoded(bytes, coding) {
  if (bytes.length === 0 || coding === undefined) return bytes.toString()
  return (
    coding === 'gzip'
      ? gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH })
      : brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH })
  ).toString()
}

/** Rejects when `promise` takes too long. */
export async function within(what, promise, seen = () => '') {
  let timer
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what} did not come within ${PATIENCE_MS} ms. ${seen()}`.trim()))
    }, PATIENCE_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

function askHttp1({ port, path, method, headers }) {
  return new Promise((resolve, reject) => {
    const to = { host: '127.0.0.1', port, path, method, headers, agent: false }
    http
      .request(to, (body) => {
        const leave = () => body.destroy()
        resolve(new Answer({ status: body.statusCode, headers: body.headers, body, leave }))
      })
      .on('error', reject)
      .end()
  })
}

/**
 * One session to each server, as a browser keeps one. Deno's server may end the whole process at a GOAWAY, so that a
 * session to each request would be a matter of luck there: https://github.com/denoland/deno/issues/36788
 */
const sessions = new Map()

function sessionTo(port) {
  const open = sessions.get(port)
  if (open !== undefined && !open.closed && !open.destroyed) return open
  const session = http2.connect(`http://127.0.0.1:${port}`)
  sessions.set(port, session)
  session.on('error', () => {
    // Its requests are told, too.
  })
  session.on('close', () => {
    if (sessions.get(port) === session) sessions.delete(port)
  })
  return session
}

function askHttp2({ port, path, method, headers }) {
  return new Promise((resolve, reject) => {
    const body = sessionTo(port).request({ ':path': path, ':method': method, ...headers })
    body.on('error', reject)
    body.on('response', ({ ':status': status, ...rest }) => {
      const leave = () => body.close(http2.constants.NGHTTP2_CANCEL)
      resolve(new Answer({ status, headers: rest, body, leave }))
    })
    body.end()
  })
}

/** Asks a server on `port`, and gives its answer as soon as its head is there. */
export function ask({ port, protocol, path, method = 'GET', headers = {} }) {
  const send = protocol === 'h2' ? askHttp2 : askHttp1
  return within(`an answer to ${path}`, send({ port, path, method, headers }))
}
