// Notes: what a visitor publishes to all pages.

import { sendError, sendJson } from './answer.js'

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { FeedChannel } from './feed.js' */

/** @typedef {{ text: string, at: number }} Note - `at`: in milliseconds since 1970 */

const MAX_LENGTH = 200
/** Room for the longest text, even with each character escaped. */
const MAX_BODY_BYTES = 2_048

/** Why a request is not one to publish a note. */
class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

/**
 * Publishes the note in a request's body, `{ "text": "..." }`, and answers with the id of its event.
 *
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 * @param {FeedChannel} channel
 */
export async function publishNote(request, response, channel) {
  try {
    const text = textOf(await readBody(request))
    const id = await channel.publish({ event: 'note', data: { text, at: Date.now() } })
    sendJson(response, { id })
  } catch (error) {
    // If it is no refusal, the client has left while it sent the note, or the channel has not taken it.
    const { status, message } =
      error instanceof Refusal ? error : { status: 500, message: 'The note was not published' }
    // What is left of the body is not read.
    response.setHeader('connection', 'close')
    sendError(response, status, message)
  }
}

/** @param {IncomingMessage} request */
async function readBody(request) {
  // A page from elsewhere cannot send this type unless the server agrees: so it publishes nothing here.
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    throw new Refusal(415, 'Expected the content type to be application/json')
  }
  const chunks = []
  let bytes = 0
  // Destroying the request would cut the connection before it is answered.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) {
      throw new Refusal(413, `Expected the body to have at most ${MAX_BODY_BYTES} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/**
 * @param {string} body
 * @returns {string}
 */
function textOf(body) {
  let text
  try {
    text = JSON.parse(body)?.text
  } catch {
    // Not JSON: so there is no text in it.
  }
  const trimmed = typeof text === 'string' ? text.trim() : ''
  if (trimmed === '' || trimmed.length > MAX_LENGTH) {
    throw new Refusal(400, `Expected JSON with a "text" of 1 to ${MAX_LENGTH} characters`)
  }
  return trimmed
}
