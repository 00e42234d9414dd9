// Follows a file that grows by whole lines.

import { open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** @import { FileHandle } from 'node:fs/promises' */

const POLL_MS = 200
const FIRST_LINES = 20
const CHUNK_BYTES = 65_536
const LINE_FEED = 0x0a

/** @typedef {{ line: string, end: number }} Line - its text, and the place in the file behind it */

/**
 * Gives the last lines of a file, then each new one, until the signal aborts.
 *
 * @param {string} file
 * @param {{ after?: number | undefined, signal: AbortSignal }} options - `after`: start at this byte
 * @returns {AsyncGenerator<Line, void, void>}
 */
export async function* tail(file, { after, signal }) {
  const handle = await open(file)
  try {
    let position = after ?? (await startOfLastLines(handle))
    while (!signal.aborted) {
      for (const line of await readLines(handle, position)) {
        yield line
        position = line.end
      }
      // The abort is no failure: it ends the loop.
      await sleep(POLL_MS, undefined, { signal }).catch(() => {})
    }
  } finally {
    await handle.close()
  }
}

/**
 * Reads the whole lines that start at `position`; what follows the last line break is left for later.
 *
 * @param {FileHandle} handle
 * @param {number} position
 * @returns {Promise<Line[]>}
 */
async function readLines(handle, position) {
  const { buffer, bytesRead } = await handle.read({
    buffer: Buffer.alloc(CHUNK_BYTES),
    position,
  })
  const bytes = buffer.subarray(0, bytesRead)
  const lines = []
  let start = 0
  for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
    lines.push({ line: bytes.toString('utf8', start, end), end: position + end + 1 })
    start = end + 1
  }
  return lines
}

/** @param {FileHandle} handle */
async function startOfLastLines(handle) {
  const { size } = await handle.stat()
  const chunkStart = Math.max(0, size - CHUNK_BYTES)
  const ends = (await readLines(handle, chunkStart)).map(({ end }) => end)
  return ends.at(-FIRST_LINES - 1) ?? chunkStart
}
