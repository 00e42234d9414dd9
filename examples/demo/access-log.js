// The demo's access log: a line for each request, and one more for each stream when it closes.

import { createWriteStream, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { PageStream } from './page-streams.js' */

const MAX_URL_LENGTH = 120

export class AccessLog {
  #folder = mkdtempSync(join(tmpdir(), 'eventwire-demo-'))
  #writer

  constructor() {
    this.file = join(this.#folder, 'access.log')
    // It is there before anyone reads it.
    writeFileSync(this.file, '')
    this.#writer = createWriteStream(this.file, { flags: 'a' })
  }

  /** @param {string} text - one line */
  write(text) {
    if (!this.#writer.writableEnded) this.#writer.write(`${timeOfDay()} ${text}\n`)
  }

  /**
   * Writes a line when the request has been answered.
   *
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  followRequest(request, response) {
    const startMs = performance.now()
    response.once('close', () => {
      const duration = `${Math.round(performance.now() - startMs)} ms`
      this.write(`${nameOf(request)} ${response.statusCode} ${duration}`)
    })
  }

  /**
   * Writes a line now, and one when the stream has closed.
   *
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   * @param {PageStream} stream
   */
  followStream(request, response, stream) {
    const startMs = performance.now()
    this.write(`${nameOf(request)} ${response.statusCode} ${stream.state}`)
    stream.closed.then(({ reason }) => {
      const seconds = ((performance.now() - startMs) / 1_000).toFixed(1)
      this.write(`${nameOf(request)} closed after ${seconds} s: ${reason}`)
    })
  }

  /** Removes the file and its folder. */
  async remove() {
    this.#writer.end()
    await finished(this.#writer)
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** @param {IncomingMessage} request */
function nameOf({ method, url = '' }) {
  return `${method} ${url.length > MAX_URL_LENGTH ? `${url.slice(0, MAX_URL_LENGTH)}…` : url}`
}

/** Gives the local time: `09:05:00`. */
function timeOfDay() {
  return new Date().toLocaleTimeString('en-GB')
}
