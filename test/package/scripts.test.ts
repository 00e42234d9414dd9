// The scripts of package.json do with their arguments what the docs say.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'))

/** What a script would run: as npm calls it, but listed. */
async function filesOf(script: string, ...args: string[]): Promise<string[]> {
  const listed = scripts[script].replace('vitest run', 'npx vitest list --filesOnly')
  const { stdout } = await promisify(execFile)('sh', ['-c', [listed, ...args].join(' ')], {
    cwd: ROOT,
  })
  return stdout.split('\n').filter((line) => line.endsWith('.test.ts'))
}

describe('npm run fuzz', () => {
  // Filters of vitest add up: with the folder as one, a name as another brought in tests from elsewhere.
  test('with a name tries one of the properties, and nothing else', async () => {
    expect(await filesOf('fuzz', 'channel')).toEqual(['test/properties/channel.test.ts'])
  }, 60_000)

  test('without a name tries them all', async () => {
    const files = await filesOf('fuzz')

    expect(files.length).toBeGreaterThan(3)
    expect(files.filter((file) => !file.startsWith('test/properties/'))).toEqual([])
  }, 60_000)
})
