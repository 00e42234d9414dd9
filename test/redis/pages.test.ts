// The programs of the pages that use a RedisLog outlive a Redis that is away.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const ROOT = new URL('../../', import.meta.url)

const programs = ['README.md', 'docs/redis.md', 'docs/shutdown.md'].map((page) => {
  const blocks = readFileSync(new URL(page, ROOT), 'utf8').matchAll(/^```(?:ts|js)\n(.*?)^```$/gms)
  const code = Array.from(blocks, ([, code = '']) => code).find((code) =>
    code.includes('new RedisLog(client)'),
  )
  return { page, code: code ?? '' }
})

describe('a program that uses a RedisLog, as a page has it', () => {
  // Without `onError` the first publish that was not awaited ended the process, five seconds after Redis had gone.
  test.concurrent.each(programs)('publishes on without Redis ($page)', async ({ code }) => {
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    })
    const [, channel = ''] = /const (\w+) = new SseChannel/.exec(outputText) ?? []
    const program = `${outputText
      .replace('new RedisLog(client)', 'new RedisLog(client, { timeoutMs: 200 })')
      .replace(':6379', ':1')
      .replace('8080', '0')}
    // Whoever publishes from a timer does not look at the promise.
    ${channel}.publish({ data: 'nobody waits for it' })
    ${channel}.publish({ data: 'later' }).catch(() => setImmediate(() => process.exit(0)))`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      cwd: fileURLToPath(ROOT),
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    try {
      const [errors, ended] = await Promise.all([text(child.stderr), once(child, 'close')])
      expect(ended, errors).toEqual([0, null])
      expect(errors).toContain('publish: Redis has not taken the event')
    } finally {
      child.kill('SIGKILL')
    }
  })
})
