// README shows what the command really writes.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = new URL('../../', import.meta.url)
const RECORDER = fileURLToPath(new URL('recordings/command-line.js', ROOT))

const recorded = readFileSync(new URL('recordings/command-line.txt', ROOT), 'utf8')

/** Leaves out what is another in each run: times, the port, waits, and the channel's part of its ids. */
const masked = (text: string) =>
  text
    .replace(/^\+ *[\d.]+m?s/gm, '+')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1')
    .replace(/ in \d+ ms$/gm, ' in')
    .replace(/ id \w+-/g, ' id ')

describe('the recording of the command line', () => {
  test('is shown in README', () => {
    expect(readFileSync(new URL('README.md', ROOT), 'utf8')).toContain(recorded)
  })

  test('is what the command writes today', () => {
    const folder = mkdtempSync(join(tmpdir(), 'recording-'))
    try {
      const file = join(folder, 'command-line.txt')
      execFileSync(process.execPath, [RECORDER, file], { timeout: 15_000 })
      expect(masked(readFileSync(file, 'utf8'))).toBe(masked(recorded))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
