// Answers that are no streams and no files.

/** @import { ServerResponse } from 'node:http' */

/**
 * @param {ServerResponse} response
 * @param {number} status
 * @param {string} message
 */
export function sendError(response, status, message) {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${message}\n`)
}

/**
 * @param {ServerResponse} response
 * @param {unknown} value
 */
export function sendJson(response, value) {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(value))
}
