// The files that a page may ask for: those listed here and no others.

import { readFile } from 'node:fs/promises'

/** @import { ServerResponse } from 'node:http' */

/** @typedef {{ url: URL, type: string }} PageFile */

const SCRIPT = 'text/javascript; charset=utf-8'
const STYLE = 'text/css; charset=utf-8'

/** @type {ReadonlyMap<string, PageFile>} */
export const PAGE_FILES = new Map([
  ['/', own('page/index.html', 'text/html; charset=utf-8')],
  ['/style.css', own('page/style.css', STYLE)],
  ['/icon.svg', own('page/icon.svg', 'image/svg+xml')],
  ...[
    'main',
    'chart-options',
    'charts',
    'code',
    'connection',
    'element',
    'event-reader',
    'feed',
    'hash',
    'history',
    'log',
    'notes',
    'numbers',
  ].map((name) => /** @type {const} */ ([`/${name}.js`, own(`page/${name}.js`, SCRIPT)])),
  ['/uplot/uPlot.esm.js', installed('uplot/dist/uPlot.esm.js', SCRIPT)],
  ['/uplot/uPlot.min.css', installed('uplot/dist/uPlot.min.css', STYLE)],
  // What the page shows as "the code" is the code that runs.
  ...['feed', 'hash', 'log', 'page-streams', 'publish'].map(
    (name) => /** @type {const} */ ([`/server/${name}.js`, own(`${name}.js`, SCRIPT)]),
  ),
])

/**
 * @param {ServerResponse} response
 * @param {PageFile} file
 */
export async function sendFile(response, { url, type }) {
  try {
    const content = await readFile(url)
    response.writeHead(200, {
      'content-type': type,
      'content-length': content.length,
      'cache-control': 'no-cache',
      // Nothing on the page comes from anywhere else.
      'content-security-policy': "default-src 'self'",
      'x-content-type-options': 'nosniff',
    })
    response.end(content)
  } catch {
    response.writeHead(500, { 'content-type': 'text/plain' })
    response.end('The file cannot be read\n')
  }
}

/**
 * @param {string} path
 * @param {string} type
 */
function own(path, type) {
  return { url: new URL(path, import.meta.url), type }
}

/**
 * @param {string} path
 * @param {string} type
 */
function installed(path, type) {
  return { url: new URL(import.meta.resolve(path)), type }
}
