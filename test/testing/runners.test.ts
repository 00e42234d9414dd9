// The built `eventwire/testing` as applications test with it: by other runners, each with its own fake timers.

import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const run = promisify(execFile)
const jest = createRequire(import.meta.url).resolve('jest/bin/jest')
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

// By it a process would take itself for a file of another run.
const { NODE_TEST_CONTEXT: _, ...env } = process.env

describe('eventwire/testing', () => {
  test('works with Jest in CommonJS, without a transform', async () => {
    const config = {
      rootDir: 'test/testing/runners',
      testMatch: ['**/jest.cjs'],
      testEnvironment: 'node',
      transform: {},
      cache: false,
      watchman: false,
    }
    const { stderr } = await run(
      process.execPath,
      [jest, '--runInBand', '--config', JSON.stringify(config)],
      { cwd: ROOT, env },
    )
    expect(stderr).toMatch(/^Tests: +6 passed, 6 total$/m)
  }, 60_000)

  test('works with node:test', async () => {
    const { stdout } = await run(
      process.execPath,
      ['--test', '--test-reporter=tap', 'test/testing/runners/node-test.js'],
      { cwd: ROOT, env },
    )
    expect(stdout).toMatch(/^# pass 3$/m)
    expect(stdout).toMatch(/^# fail 0$/m)
  }, 60_000)
})
